import { describe, expect, it } from 'vitest'
import type { ClientCommand, RoomCommand } from '#domain/room/commands.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { PERMISSIONS, type Permission, type Rank, refusalFor } from '#domain/room/permissions.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, whole } from '../../../harness/people.ts'

type Who = 'nonMember' | 'listener' | 'member' | 'muted' | 'kicked' | 'banned' | 'op' | 'owner'

const host: Member = { id: 'm0', name: 'host', role: 'owner' }
const stamp = { seq: 1, at: AT, by: host }
const file = { type: 'fileCompleted', ...stamp, file: whole } as const
const crowd = [joined(host), joined(cici), file]

/** How ani came to be what she is, in a room that the owner looks after and cici is in. */
const PAST: Readonly<Record<Who, readonly RoomEvent[]>> = {
  nonMember: crowd,
  listener: [...crowd, { type: 'moderatorsSpeakSet', ...stamp, on: true }, joined(ani)],
  member: [...crowd, joined(ani)],
  muted: [...crowd, joined(ani), { type: 'muted', ...stamp, name: 'ani' }],
  kicked: [...crowd, joined(ani), { type: 'left', by: ani, reason: 'kicked by host', kickedBy: host }],
  banned: [...crowd, joined(ani), { type: 'banned', ...stamp, name: 'ani' }],
  op: [...crowd, joined(ani), { type: 'opped', ...stamp, to: ani, person: ani.id }],
  owner: [...crowd, joined({ ...ani, role: 'owner' })],
}

const COMMANDS: Readonly<Record<ClientCommand['type'], RoomCommand>> = {
  say: { type: 'say', text: 'halo' },
  act: { type: 'act', text: 'waves' },
  whisper: { type: 'whisper', to: 'cici', text: 'psst' },
  setTopic: { type: 'setTopic', topic: 'songs' },
  rename: { type: 'rename', name: 'anita' },
  receiveFile: { type: 'receiveFile', file: whole.id },
  removeMessage: { type: 'removeMessage', seq: 1, message: { author: cici } },
  removeFile: { type: 'removeFile', file: whole.id },
  clear: { type: 'clear' },
  away: { type: 'away', reason: 'lunch' },
  back: { type: 'back' },
  typing: { type: 'typing' },
  kick: { type: 'kick', name: 'cici' },
  mute: { type: 'mute', name: 'cici' },
  unmute: { type: 'unmute', name: 'dodi' },
  ban: { type: 'ban', name: 'cici' },
  unban: { type: 'unban', name: 'dodi' },
  op: { type: 'op', name: 'cici' },
  deop: { type: 'deop', name: 'ani' },
  lock: { type: 'lock' },
  unlock: { type: 'unlock' },
  startCollection: { type: 'startCollection' },
  endCollection: { type: 'endCollection' },
  setSlowMode: { type: 'setSlowMode', seconds: 10 },
  setExpiry: { type: 'setExpiry', seconds: 86_400 },
  voice: { type: 'voice', name: 'cici' },
  unvoice: { type: 'unvoice', name: 'eka' },
  setInviteOnly: { type: 'setInviteOnly', on: true },
  setTopicLock: { type: 'setTopicLock', on: true },
  setModeratorsSpeak: { type: 'setModeratorsSpeak', on: true },
  setUnlisted: { type: 'setUnlisted', on: true },
  setMostMembers: { type: 'setMostMembers', most: 9 },
}

const TALK = ['say', 'act', 'whisper', 'setTopic', 'rename', 'away', 'typing'] as const
const COLLECTING = ['startCollection', 'endCollection'] as const
const ORDER = [
  'kick',
  'mute',
  'unmute',
  'ban',
  'unban',
  'op',
  'deop',
  'lock',
  'unlock',
  'setSlowMode',
  'setExpiry',
  'voice',
  'unvoice',
  'setInviteOnly',
  'setTopicLock',
  'setModeratorsSpeak',
  'setUnlisted',
  'setMostMembers',
  'removeMessage',
  'removeFile',
  'clear',
  ...COLLECTING,
] as const

/** The code each permission is refused with, where it is: written down here apart from the code's own table. */
const REFUSED: Readonly<Record<Who, Partial<Record<ClientCommand['type'], string>>>> = {
  nonMember: all('NOT_A_MEMBER', [...TALK, ...ORDER, 'back', 'receiveFile']),
  kicked: all('NOT_A_MEMBER', [...TALK, ...ORDER, 'back', 'receiveFile']),
  banned: all('BANNED', [...TALK, ...ORDER, 'back', 'receiveFile']),
  muted: all('MUTED', [...TALK, ...ORDER]),
  listener: all('NOT_ALLOWED', ['say', 'act', 'setTopic', ...ORDER]),
  member: all('NOT_ALLOWED', ORDER),
  op: { clear: 'NOT_ALLOWED' },
  // Nobody takes it from an owner, not even they themselves.
  owner: { deop: 'NOT_ALLOWED' },
}

function all(code: string, verbs: readonly ClientCommand['type'][]): Partial<Record<ClientCommand['type'], string>> {
  return Object.fromEntries(verbs.map((permission) => [permission, code]))
}

describe.each(Object.keys(PAST) as Who[])('what %s may', (who) => {
  const dodi = [
    { type: 'muted', ...stamp, name: 'dodi' },
    { type: 'banned', ...stamp, name: 'dodi' },
    { type: 'voiced', ...stamp, to: { id: 'm9', name: 'eka' }, person: 'm9' },
  ] as const
  it.each(Object.keys(COMMANDS) as ClientCommand['type'][])('%s', (permission) => {
    const asked = given(...PAST[who], ...dodi).when(ani, COMMANDS[permission])
    const code = REFUSED[who][permission]
    if (code === undefined) asked.allowed()
    else asked.refused(code)
  })

  it('a file in the room', () => {
    const offer = given(...PAST[who]).when(ani, { type: 'completeFile', file: { ...whole, id: 'f9' } })
    if (who === 'muted' || who === 'banned') offer.refused(who.toUpperCase())
    // Whoever is gone has begun while they were there; that they may not begin is the engine's to see to.
    else offer.accepted()
  })

  it('coming in again', () => {
    const join = given(...PAST[who], { type: 'left', by: ani, reason: 'left' }).when(ani, { type: 'join' })
    if (who === 'banned') join.refused('BANNED')
    else join.accepted()
  })

  it('coming in while it is locked', () => {
    const join = given({ type: 'locked', ...stamp }, ...PAST[who], { type: 'left', by: ani, reason: 'left' }).when(
      ani,
      {
        type: 'join',
        ...(who === 'owner' ? { role: 'owner' } : {}),
      },
    )
    if (who === 'banned') join.refused('BANNED')
    else if (who === 'op' || who === 'owner') join.accepted()
    else join.refused('LOCKED')
  })
})

describe('the table of rights', () => {
  const everybody: readonly Rank[] = ['nonMember', 'outsider', 'banned', 'muted', 'listener', 'member', 'op', 'owner']
  const verbs = Object.keys(PERMISSIONS) as Permission[]

  it('is all there is: whoever it does not name is refused', () => {
    for (const permission of verbs)
      for (const rank of everybody)
        expect(refusalFor(rank, permission) === undefined, `${rank} ${permission}`).toBe(
          PERMISSIONS[permission].includes(rank),
        )
  })
  it('lets an op do whatever a member may, and an owner whatever an op may', () => {
    for (const permission of verbs) {
      if (PERMISSIONS[permission].includes('member')) expect(PERMISSIONS[permission]).toContain('op')
      if (PERMISSIONS[permission].includes('op')) expect(PERMISSIONS[permission]).toContain('owner')
    }
  })
  it('lets nobody who is banned do anything but go', () =>
    expect(verbs.filter((permission) => PERMISSIONS[permission].includes('banned'))).toEqual(['leave']))
})

describe('somebody who is muted', () => {
  const muted = [...crowd, joined(ani), joined(budi), { type: 'muted', ...stamp, name: 'ani' }] as const
  it('goes as everybody does', () =>
    given(...muted)
      .when(ani, { type: 'leave', reason: 'left' })
      .accepted())
  it('speaks again once unmuted', () =>
    given(...muted, { type: 'unmuted', ...stamp, name: 'ANI' })
      .when(ani, { type: 'say', text: 'halo' })
      .accepted())
  it('and nobody else is', () =>
    given(...muted)
      .when(budi, { type: 'say', text: 'halo' })
      .accepted())
})
