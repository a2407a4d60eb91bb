import { describe, expect, it, vi } from 'vitest'
import { rejected } from '#domain/errors.ts'
import { RoomActor } from '#domain/room/actor.ts'
import type { PendingBatch } from '#domain/room/batch.ts'
import type { RoomCommand } from '#domain/room/commands.ts'
import type { Entry, RoomEvent } from '#domain/room/events.ts'
import { mailOf, say } from '../../../harness/mail.ts'
import { AT, ani, budi, limits } from '../../../harness/people.ts'

/** A room with its owner and budi in it, and what its commits showed, a list for each. */
function roomOfTwo() {
  const wake = vi.fn()
  const room = new RoomActor('lobby', undefined, [], limits, wake)
  const owner = { ...ani, role: 'owner' } as const
  const shown: RoomEvent[][] = []
  const commitAll = () => {
    do {
      wake.mockClear()
      const pending = room.prepare(AT)
      room.keep(pending)
      room.publish(pending)
    } while (wake.mock.calls.length > 0)
  }
  room.tell(mailOf(owner, { type: 'join' }))
  room.tell(mailOf(budi, { type: 'join' }))
  commitAll()
  room.batches$.subscribe(({ events }) => shown.push([...events]))
  const typesShown = () => shown.map((events) => events.map(({ type }) => type))
  return { room, owner, commitAll, typesShown }
}

describe('a rule', () => {
  it.each<readonly [string, readonly [RoomCommand, RoomCommand], readonly string[]]>([
    ['a lock that is taken back', [{ type: 'lock' }, { type: 'unlock' }], ['locked', 'unlocked']],
    [
      'a collection that ends',
      [{ type: 'startCollection' }, { type: 'endCollection' }],
      ['collectionStarted', 'collectionEnded'],
    ],
    [
      'a mute that is taken back',
      [
        { type: 'mute', name: 'budi' },
        { type: 'unmute', name: 'budi' },
      ],
      ['muted', 'unmuted'],
    ],
    [
      'a ban that is taken back',
      [
        { type: 'ban', name: 'budi' },
        { type: 'unban', name: 'budi' },
      ],
      ['banned', 'unbanned'],
    ],
    [
      'an op who is none again',
      [
        { type: 'op', name: 'budi' },
        { type: 'deop', name: 'budi' },
      ],
      ['opped', 'deopped'],
    ],
  ])('holds for what is asked right behind it: %s', (_, commands, types) => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    const mail = mailOf(owner, ...commands)
    room.tell(mail)
    commitAll()
    expect(typesShown()).toEqual(types.map((type) => [type]))
    expect(mail.refusals).toEqual([])
    expect(mail.acks).toEqual([1, 2].map((seq) => ({ type: 'ack', seq, duplicate: false })))
    expect(room.state).toMatchObject({ rules: { inviteOnly: false, topicLocked: false, collectingSince: undefined } })
    expect(room.state.mutes.names.size + room.state.bans.names.size + room.state.ops.size).toBe(0)
  })
  it('is laid down once where it is asked for twice at once', () => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    const mail = mailOf(owner, { type: 'lock' }, { type: 'lock' })
    room.tell(mail)
    commitAll()
    expect(typesShown()).toEqual([['locked']])
    expect(mail.acks).toEqual([
      { type: 'ack', seq: 1, duplicate: false },
      { type: 'ack', seq: 1, duplicate: true },
    ])
  })
  it('holds for what others had sent and was not decided yet', () => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    const late = mailOf(budi, say('b'), say('c'))
    room.tell(mailOf(owner, say('a'), { type: 'mute', name: 'budi' }))
    room.tell(late)
    commitAll()
    expect(typesShown()).toEqual([['said', 'muted']])
    expect(late.refusals.map(({ code }) => code)).toEqual(['MUTED', 'MUTED'])
  })
})

describe('slow mode', () => {
  it('holds for messages that are decided at once, and for who goes and comes back', () => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    room.tell(mailOf(owner, { type: 'setSlowMode', seconds: 10 }))
    commitAll()
    const pasted = mailOf(budi, say('a'), say('b'), { type: 'leave', reason: 'left' }, { type: 'join' }, say('c'))
    room.tell(pasted)
    room.tell(mailOf(owner, say('d'), say('e')))
    commitAll()
    expect(pasted.refusals.map(({ code }) => code)).toEqual(['SLOW_MODE', 'SLOW_MODE'])
    expect(typesShown()).toEqual([['slowModeSet'], ['said', 'left', 'joined', 'said', 'said']])
  })
  it('makes nobody wait for a message that could not be kept', () => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    room.tell(mailOf(owner, { type: 'setSlowMode', seconds: 10 }))
    commitAll()
    room.tell(mailOf(budi, say('a')))
    room.refuse(room.prepare(AT), rejected('READ_ONLY', 'not now'))
    room.tell(mailOf(budi, say('a')))
    commitAll()
    expect(typesShown()).toEqual([['slowModeSet'], ['said']])
  })
  it('holds after a restart', () => {
    const facts: readonly Entry[] = [{ type: 'slowModeSet', seq: 1, at: AT, by: ani, seconds: 10 }]
    const room = new RoomActor('lobby', { first: 1, last: 1 }, facts, limits, () => {})
    const twice = mailOf(budi, { type: 'join' }, say('a'), say('b'))
    room.tell(twice)
    room.prepare(AT)
    expect(twice.refusals).toMatchObject([{ code: 'SLOW_MODE', retrySeconds: 10 }])
  })
})

describe('a kick in a room that is locked', () => {
  it('is kept as much as the lock, answered once that is, and told as any kick', () => {
    const { room, owner, commitAll, typesShown } = roomOfTwo()
    const kick = mailOf(owner, { type: 'lock' }, { type: 'kick', name: 'budi' })
    room.tell(kick)
    // What was asked in one go with the kick is judged by it.
    const back = mailOf(budi, { type: 'join' })
    room.tell(back)
    const pendingBatches: PendingBatch[] = []
    for (let count = 0; count < 3; count++) {
      const pending = room.prepare(AT)
      pendingBatches.push(pending)
      room.keep(pending)
      room.publish(pending)
    }
    commitAll()
    expect(pendingBatches[1]?.batch.entries).toMatchObject([{ type: 'shutOut', seq: 2, person: budi.id }])
    expect(typesShown()).toEqual([['locked'], ['left']])
    expect(kick.acks.map(({ seq }) => seq)).toEqual([1, 2])
    expect(back.refusals).toMatchObject([{ code: 'LOCKED' }])
  })
  it('is refused where it can not be kept; they have gone all the same', () => {
    const { room, owner, commitAll } = roomOfTwo()
    room.tell(mailOf(owner, { type: 'lock' }))
    commitAll()
    const kick = mailOf(owner, { type: 'kick', name: 'budi' })
    room.tell(kick)
    room.refuse(room.prepare(AT), rejected('READ_ONLY', 'full'))
    expect([kick.acks, kick.refusals.map(({ code }) => code)]).toEqual([[], ['READ_ONLY']])
    expect(room.state.members.has(budi.id)).toBe(false)
  })
})

describe('whom a rule holds for', () => {
  it('is kept, and told to nobody', () => {
    const { room, owner } = roomOfTwo()
    const told: RoomEvent[] = []
    room.batches$.subscribe(({ events }) => told.push(...events))
    const kept: RoomEvent[] = []
    room.tell(mailOf(owner, { type: 'lock' }, { type: 'mute', name: 'budi' }, { type: 'ban', name: 'budi' }))
    for (let count = 0; count < 3; count++) {
      const pending = room.prepare(AT)
      kept.push(...pending.batch.entries)
      room.keep(pending)
      room.publish(pending)
    }
    expect(kept).toMatchObject([{ persons: [ani.id, budi.id] }, { persons: [budi.id] }, { persons: [budi.id] }])
    expect(told.filter((event) => 'persons' in event)).toEqual([])
    expect(told.map(({ type }) => type)).toEqual(['locked', 'muted', 'banned'])
  })
})
