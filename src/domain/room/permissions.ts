import { type Rejected, rejected } from '../errors.ts'
import type { ClientCommand } from './commands.ts'

/**
 * A person's rank in a room. `nonMember`: not in it, or kicked. `outsider`: comes to a locked room for one request. `banned` and `muted`
 * take precedence over all others. `listener`: a member without a voice while only operators may speak.
 */
export type Rank = 'nonMember' | 'outsider' | 'banned' | 'muted' | 'listener' | 'member' | 'op' | 'owner'

/** All permissions in a room. */
export type Permission =
  | ClientCommand['type']
  | 'read'
  | 'upload'
  | 'handIn'
  | 'continueUpload'
  | 'withdrawUpload'
  | 'seeHandIns'
  | 'drop'
  | 'leave'
  | 'enter'
  | 'enterLocked'
  | 'setLockedTopic'
  | 'removeOthers'
  | 'setPassword'
  | 'invite'

const OPERATORS = ['op', 'owner'] as const
const FREE = ['member', ...OPERATORS] as const
const PRESENT = ['listener', ...FREE] as const
const HERE = ['muted', ...PRESENT] as const

/** The ranks that have each permission. */
export const PERMISSIONS: Readonly<Record<Permission, readonly Rank[]>> = {
  enter: ['nonMember', ...FREE],
  // Members at the time of the lock may come back.
  enterLocked: FREE,
  leave: ['banned', ...HERE],
  say: FREE,
  act: FREE,
  whisper: PRESENT,
  read: ['outsider', ...HERE],
  upload: FREE,
  // A file sent while the room collects: only operators see it.
  handIn: PRESENT,
  // An upload begun before a lock may be finished after it.
  continueUpload: ['outsider', ...PRESENT],
  // Another person's upload. One's own may always be withdrawn.
  withdrawUpload: OPERATORS,
  rename: PRESENT,
  away: PRESENT,
  typing: PRESENT,
  back: HERE,
  receiveFile: ['outsider', ...HERE],
  removeMessage: HERE,
  removeFile: HERE,
  // Another person's message or file.
  removeOthers: OPERATORS,
  clear: ['owner'],
  setTopic: FREE,
  setLockedTopic: OPERATORS,
  kick: OPERATORS,
  mute: OPERATORS,
  unmute: OPERATORS,
  ban: OPERATORS,
  unban: OPERATORS,
  op: OPERATORS,
  deop: OPERATORS,
  voice: OPERATORS,
  unvoice: OPERATORS,
  lock: OPERATORS,
  unlock: OPERATORS,
  startCollection: OPERATORS,
  endCollection: OPERATORS,
  setSlowMode: OPERATORS,
  setExpiry: OPERATORS,
  setInviteOnly: OPERATORS,
  setTopicLock: OPERATORS,
  setModeratorsSpeak: OPERATORS,
  setUnlisted: OPERATORS,
  setMostMembers: OPERATORS,
  seeHandIns: OPERATORS,
  // A lock keeps members out; a drop link belongs to the operators, who can revoke it.
  drop: ['outsider', ...PRESENT],
  setPassword: OPERATORS,
  invite: OPERATORS,
}

/** The refusal for somebody of this rank; undefined if they have the permission. */
export function refusalFor(rank: Rank, permission: Permission): Rejected | undefined {
  if (PERMISSIONS[permission].includes(rank)) return undefined
  switch (rank) {
    case 'nonMember':
      return permission === 'enterLocked' ? lockedOut : notAMember
    case 'outsider':
      return lockedOut
    case 'banned':
      return banned
    case 'muted':
      return muted
    case 'listener':
      return PERMISSIONS[permission].includes('member') ? onlyModerators : notAllowed
    case 'member':
    case 'op':
    case 'owner':
      return permission === 'setLockedTopic' ? topicLocked : notAllowed
    default:
      return rank satisfies never
  }
}

export const notAMember = rejected('NOT_A_MEMBER', 'you are not in this room any more; join it again')
export const banned = rejected('BANNED', 'you are banned from this room; ask a moderator')
export const notAllowed = rejected(
  'NOT_ALLOWED',
  'permission denied: only moderators can do that, and not to other moderators',
)
const onlyModerators = rejected(
  'NOT_ALLOWED',
  'only moderators and members with a voice may speak here just now; /msg reaches one of them',
)
const muted = rejected('MUTED', 'you are muted in this room and can only read; ask a moderator')
const lockedOut = rejected('LOCKED', 'this room is locked: no new members are let in; ask somebody in it')
const topicLocked = rejected('LOCKED', 'permission denied: this room is locked, and only moderators can set its topic')
