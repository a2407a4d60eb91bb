import { describe, expect, it } from 'vitest'
import { RoomActor } from '#domain/room/actor.ts'
import { consequenceOf } from '#domain/room/consequences.ts'
import type { Entry, Member, RoomEvent } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { given, givenFounded } from '../../../harness/given.ts'
import { mailOf, say } from '../../../harness/mail.ts'
import { AT, ani, budi, joined, limits, said } from '../../../harness/people.ts'

const founder: Member = { ...ani, role: 'op' }
const kept: Entry = { type: 'opped', seq: 2, at: AT, by: ani, to: ani, person: ani.id }
const left = (by: Member): RoomEvent => ({ type: 'left', by, reason: 'left' })
const stamp = { seq: 1, at: AT, maxTextBytes: 64, receiptsPerFile: 8 }

describe('who makes a room looks after it', () => {
  it('is an op as soon as they are in', () => givenFounded().when(ani, { type: 'join' }).then(joined(founder)))
  it('may moderate before anything is said', () =>
    givenFounded(joined(founder), joined(budi)).when(ani, { type: 'lock' }).accepted())
  it('is nobody in the host’s own room', () => given().when(ani, { type: 'join' }).then(joined(ani)))
  it('is nobody where somebody is there', () =>
    givenFounded(joined(founder)).when(budi, { type: 'join' }).then(joined(budi)))
  it('is nobody where something was said', () => givenFounded(said(1)).when(budi, { type: 'join' }).then(joined(budi)))
  it('is not needed where the owner came first', () =>
    givenFounded()
      .when(ani, { type: 'join', role: 'owner' })
      .then(joined({ ...ani, role: 'owner' })))
  it('is whoever comes next, where the first has left and nothing was said', () =>
    givenFounded(joined(founder), left(founder))
      .when(budi, { type: 'join' })
      .then(joined({ ...budi, role: 'op' })))
  it('comes back as one while others are there, and nothing was said', () =>
    givenFounded(joined(founder), joined(budi), left(founder)).when(ani, { type: 'join' }).then(joined(founder)))
  it('comes back as one once it is kept', () =>
    givenFounded(said(1), kept).when(ani, { type: 'join' }).then(joined(founder)))
})

describe('the founder is kept with the room’s first entry', () => {
  const consequence = (...events: readonly RoomEvent[]) => consequenceOf(givenFounded(...events).state, said(1), stamp)

  it('whoever says it', () => expect(consequence(joined(founder), joined(budi))).toEqual(kept))
  it('under the name that they have by then', () => {
    const renamed = { type: 'renamed', by: { ...founder, name: 'anita' }, from: 'ani' } as const
    const anita = { id: ani.id, name: 'anita' }
    expect(consequence(joined(founder), renamed)).toEqual({ ...kept, by: anita, to: anita })
  })
  it('and with none later', () => expect(consequence(joined(founder), said(1), kept)).toBeUndefined())
  it('but not where they give it up with it', () => {
    const { state } = givenFounded(joined(founder))
    const gaveUp: Entry = { type: 'deopped', seq: 1, at: AT, by: ani, name: 'ani', person: ani.id }
    expect(consequenceOf(state, gaveUp, stamp)).toBeUndefined()
  })
  it('nor where they had no key, and have left: nobody could be known by it', () => {
    const { state } = givenFounded()
    state.origins.set(ani.id, { person: ani.id, keyless: true })
    for (const event of [joined(founder), joined(budi), left(founder)]) evolve(state, event)
    expect(consequenceOf(state, said(1), stamp)).toBeUndefined()
  })

  it('in one commit, of which the speaker is told the number of what they said', () => {
    const room = new RoomActor('den', undefined, [], { ...limits, ownRoom: 'lobby' }, () => {})
    const commit = () => {
      const pending = room.prepare(AT)
      room.keep(pending)
      room.publish(pending)
      return pending.batch
    }
    room.tell(mailOf(ani, { type: 'join' }))
    room.tell(mailOf(budi, { type: 'join' }))
    expect(commit().entries).toEqual([])
    expect(room.state.founder).toEqual({ member: ani, person: ani.id })
    const mail = mailOf(budi, say('halo'), say('and more'))
    room.tell(mail)
    expect(commit().entries.map(({ type, seq }) => [type, seq])).toEqual([
      ['said', 1],
      ['opped', 2],
    ])
    expect(commit().entries.map(({ type, seq }) => [type, seq])).toEqual([['said', 3]])
    expect(mail.acks.map((ack) => 'seq' in ack && ack.seq)).toEqual([1, 3])
    expect(room.state).toMatchObject({ founder: undefined, ops: new Map([[ani.id, 'ani']]) })
  })
  it('and stays wanted where the journal could not keep it', () => {
    const room = new RoomActor('den', undefined, [], { ...limits, ownRoom: 'lobby' }, () => {})
    room.tell(mailOf(ani, { type: 'join' }, say('halo')))
    const why = { type: 'rejected', code: 'READ_ONLY', message: 'full' } as const
    room.refuse(room.prepare(AT), why)
    expect(room.state).toMatchObject({ last: 0, founder: { member: ani }, ops: new Map() })
    room.tell(mailOf(ani, say('halo')))
    expect(room.prepare(AT).batch.entries.map(({ type }) => type)).toEqual(['said', 'opped'])
  })
})
