import { describe, expect, it } from 'vitest'
import type { RoomEvent } from '#domain/room/events.ts'
import { muteOf } from '#domain/room/moderation.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, whole } from '../../../harness/people.ts'

const op = { ...ani, role: 'op' } as const
const here = [joined(op), joined(budi)]
const stamp = { at: AT, by: ani }
const set = (type: 'inviteOnlySet' | 'topicLockSet' | 'moderatorsSpeakSet' | 'unlistedSet', on = true, seq = 1) =>
  ({ type, seq, ...stamp, on }) as const

describe('a lock has two halves', () => {
  it('nobody new comes in, but who is inside may come back', () => {
    given(...here)
      .when(op, { type: 'setInviteOnly', on: true })
      .then({ ...set('inviteOnlySet'), persons: [ani.id, budi.id] })
    const room = given(...here, { ...set('inviteOnlySet'), persons: [budi.id] })
    room.when(cici, { type: 'join' }).refused('LOCKED')
    room.when(cici, { type: 'join', invited: true }).accepted()
    room.when(budi, { type: 'setTopic', topic: 'tea' }).accepted()
    given(joined(op), { ...set('inviteOnlySet'), persons: [budi.id] })
      .when(budi, { type: 'join' })
      .accepted()
  })
  it('only operators set the topic, and others come in', () => {
    const room = given(...here, set('topicLockSet'))
    room.when(budi, { type: 'setTopic', topic: 'tea' }).refused('LOCKED')
    room.when(op, { type: 'setTopic', topic: 'tea' }).accepted()
    room.when(cici, { type: 'join' }).accepted()
  })
  it('/lock sets both, or beside one the other alone, and /unlock ends both', () => {
    given(...here)
      .when(op, { type: 'lock' })
      .then({ type: 'locked', seq: 1, ...stamp, persons: [ani.id, budi.id] })
    given(...here, set('inviteOnlySet'))
      .when(op, { type: 'lock' })
      .then(set('topicLockSet', true, 2))
    given(...here, set('topicLockSet'))
      .when(op, { type: 'lock' })
      .then({ ...set('inviteOnlySet', true, 2), persons: [ani.id, budi.id] })
    given(...here, set('topicLockSet'))
      .when(op, { type: 'unlock' })
      .then({ type: 'unlocked', seq: 2, ...stamp })
    expect(given({ type: 'locked', seq: 1, ...stamp }).state.rules).toMatchObject({
      inviteOnly: true,
      topicLocked: true,
    })
  })
  it('a lock of before can be opened by halves', () => {
    const room = given(
      ...here,
      { type: 'locked', seq: 1, ...stamp, persons: [budi.id] },
      set('inviteOnlySet', false, 2),
    )
    expect(room.state).toMatchObject({ rules: { inviteOnly: false, topicLocked: true }, insiders: new Set() })
  })
  it.each([
    { type: 'setInviteOnly', on: false },
    { type: 'setTopicLock', on: false },
    { type: 'setModeratorsSpeak', on: false },
    { type: 'setUnlisted', on: false },
    { type: 'setMostMembers', most: 0 },
  ] as const)('what holds already is no news: $type', (command) =>
    given(...here)
      .when(op, command)
      .known(0),
  )
})

describe('where only moderators speak', () => {
  const room = (...more: readonly RoomEvent[]) => given(...here, set('moderatorsSpeakSet'), ...more)
  const voiced = { type: 'voiced', seq: 2, ...stamp, to: budi, person: budi.id } as const

  it.each([
    { type: 'say', text: 'halo' },
    { type: 'act', text: 'waves' },
    { type: 'setTopic', topic: 'tea' },
  ] as const)('a member does not: $type', (command) => room().when(budi, command).refused('NOT_ALLOWED'))
  it('nor says on leaving what they could not', () =>
    room()
      .when(budi, { type: 'leave', reason: 'left', message: 'so there' })
      .then({ type: 'left', by: budi, reason: 'left' }))
  it('a member whispers, reads, and is not told of as typing', () => {
    room().when(budi, { type: 'whisper', to: 'ani', text: 'psst' }).accepted()
    room().when(budi, { type: 'typing' }).known(1)
  })
  it('a moderator speaks, and one with a voice', () => {
    room().when(op, { type: 'say', text: 'halo' }).accepted()
    room(voiced).when(budi, { type: 'say', text: 'halo' }).accepted()
    room(voiced, { type: 'unvoiced', seq: 3, ...stamp, name: 'budi', person: budi.id })
      .when(budi, { type: 'say', text: 'halo' })
      .refused('NOT_ALLOWED')
  })
  it('a mute holds for a voice too', () => {
    const muted = room(voiced, { type: 'muted', seq: 3, ...stamp, name: 'budi', persons: [budi.id] })
    muted.when(budi, { type: 'say', text: 'halo' }).refused('MUTED')
    expect(muteOf(muted.state, budi.id)).toEqual({})
  })
  it('a file that was begun before is ended', () => room().when(budi, { type: 'completeFile', file: whole }).accepted())
})

describe('a voice', () => {
  it('is given to a member, and known by person', () => {
    given(...here)
      .when(op, { type: 'voice', name: 'BUD1' })
      .then({ type: 'voiced', seq: 1, ...stamp, to: budi, person: budi.id })
    const kept = given(joined(op), { type: 'voiced', seq: 1, ...stamp, to: budi, person: budi.id })
    kept.when(budi, { type: 'join' }).then(joined({ ...budi, voice: true }))
    kept.when({ id: 'm9', name: 'budi' }, { type: 'join' }).then(joined({ id: 'm9', name: 'budi' }))
  })
  it('is seen with the member, and stays through op and deop', () => {
    const voiced = { type: 'voiced', seq: 1, ...stamp, to: budi, person: budi.id } as const
    const opped = { type: 'opped', seq: 2, ...stamp, to: budi, person: budi.id } as const
    const { state } = given(...here, voiced, opped, {
      type: 'deopped',
      seq: 3,
      ...stamp,
      name: 'budi',
      person: budi.id,
    })
    expect(state.members.get(budi.id)).toEqual({ ...budi, voice: true })
  })
  it('is taken by the name that they have, or had when they got it', () => {
    const voiced = { type: 'voiced', seq: 1, ...stamp, to: budi, person: budi.id } as const
    given(...here, voiced)
      .when(op, { type: 'unvoice', name: 'budi' })
      .then({ type: 'unvoiced', seq: 2, ...stamp, name: 'budi', person: budi.id })
    given(joined(op), voiced)
      .when(op, { type: 'unvoice', name: 'Budi' })
      .then({ type: 'unvoiced', seq: 2, ...stamp, name: 'Budi', person: budi.id })
    given(...here)
      .when(op, { type: 'unvoice', name: 'budi' })
      .refused('NO_SUCH_MEMBER')
  })
  it('is no news for an op, or twice', () => {
    const voiced = { type: 'voiced', seq: 1, ...stamp, to: budi, person: budi.id } as const
    given(...here)
      .when(op, { type: 'voice', name: 'ani' })
      .known(0)
    given(...here, voiced)
      .when(op, { type: 'voice', name: 'budi' })
      .known(1)
  })
})

describe('a room that takes so many', () => {
  const two = { type: 'mostMembersSet', seq: 1, ...stamp, most: 2 } as const
  it('refuses the next', () =>
    given(...here, two)
      .when(cici, { type: 'join' })
      .refused('FULL'))
  it('lets moderators in always, another connection of a member, and the next once somebody has left', () => {
    const room = given(...here, two, { type: 'opped', seq: 2, ...stamp, to: cici, person: cici.id })
    room.when(cici, { type: 'join' }).accepted()
    room.when({ id: 'm0', name: 'host' }, { type: 'join', role: 'owner' }).accepted()
    room.when(budi, { type: 'join' }).known(2)
    given(...here, two, { type: 'left', by: budi, reason: 'left' })
      .when(cici, { type: 'join' })
      .accepted()
  })
  it('takes a number that means something', () => {
    given(...here)
      .when(op, { type: 'setMostMembers', most: 100_001 })
      .refused('BAD_COMMAND')
    given(...here)
      .when(op, { type: 'setMostMembers', most: 2 })
      .then(two)
  })
})
