import { type Rejected, rejected } from '../errors.ts'
import type { ClientCommand } from './commands.ts'

/**
 * What somebody is to a room. `stranger`: not in it, or kicked out of it. `outsider`: comes for one request to a room that is
 * locked. Whoever is banned or muted is that, whatever else they are.
 */
export type Rank = 'stranger' | 'outsider' | 'banned' | 'muted' | 'member' | 'op' | 'owner'

/** What may be wanted of a room. */
export type Permission =
  | ClientCommand['type']
  | 'read'
  | 'upload'
  | 'continueUpload'
  | 'withdrawUpload'
  | 'leave'
  | 'enter'
  | 'enterLocked'
  | 'setLockedTopic'
  | 'setPassword'
  | 'invite'

const STAFF = ['op', 'owner'] as const
const FREE = ['member', ...STAFF] as const
const HERE = ['muted', ...FREE] as const

/** Who may do what. Whoever is not named may not. */
export const PERMISSIONS: Readonly<Record<Permission, readonly Rank[]>> = {
  enter: ['stranger', ...FREE],
  // Those who were in it when it was locked come back as members.
  enterLocked: FREE,
  leave: ['banned', ...HERE],
  say: FREE,
  act: FREE,
  whisper: FREE,
  read: ['outsider', ...HERE],
  upload: FREE,
  // Begun before a lock, it may be ended after it.
  continueUpload: ['outsider', ...FREE],
  // That of somebody else; one's own is a way to end it.
  withdrawUpload: STAFF,
  rename: FREE,
  away: FREE,
  typing: FREE,
  back: HERE,
  receiveFile: ['outsider', ...HERE],
  setTopic: FREE,
  setLockedTopic: STAFF,
  kick: STAFF,
  mute: STAFF,
  unmute: STAFF,
  ban: STAFF,
  unban: STAFF,
  op: STAFF,
  deop: STAFF,
  lock: STAFF,
  unlock: STAFF,
  startCollection: STAFF,
  endCollection: STAFF,
  setPassword: STAFF,
  invite: STAFF,
}

/** Why somebody of this standing may not; undefined where they may. */
export function refusalFor(standing: Rank, verb: Permission): Rejected | undefined {
  if (PERMISSIONS[verb].includes(standing)) return undefined
  switch (standing) {
    case 'stranger':
      return verb === 'enterLocked' ? lockedOut : notAMember
    case 'outsider':
      return lockedOut
    case 'banned':
      return banned
    case 'muted':
      return muted
    case 'member':
    case 'op':
    case 'owner':
      return verb === 'setLockedTopic' ? topicLocked : notAllowed
    default:
      return standing satisfies never
  }
}

export const notAMember = rejected('NOT_A_MEMBER', 'you are not in this room any more; join it again')
export const banned = rejected('BANNED', 'you are banned from this room; ask who looks after it')
export const notAllowed = rejected('NOT_ALLOWED', 'only who looks after this room may do that, and not to their equals')
const muted = rejected('MUTED', 'you are muted in this room, and can only read; ask who looks after it')
const lockedOut = rejected('LOCKED', 'this room is locked: nobody new comes in; ask somebody in it')
const topicLocked = rejected('LOCKED', 'this room is locked: only its ops set the topic')
