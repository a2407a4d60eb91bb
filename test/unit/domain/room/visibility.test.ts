import { describe, expect, it } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { OfferFile } from '#domain/room/commands.ts'
import type { Audience, Member, RoomEvent } from '#domain/room/events.ts'
import { addressee, admits, readerOf, visibilityOf } from '#domain/room/visibility.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, offered, said, whole } from '../../../harness/people.ts'

const host: Member = { id: 'm0', name: 'host', role: 'owner' }
const stamp = { seq: 1, at: AT, by: ani } as const
const crowd = [joined(host), joined(ani), joined(budi), joined(cici)]
const collecting: RoomEvent = { type: 'collectionStarted', seq: 1, at: AT, by: { id: 'm0', name: 'host' } }
const toBudi: Audience = { from: ani, to: budi }
const toStaff: Audience = { from: ani, to: 'staff' }
const offer = (audience?: Audience): OfferFile => ({
  type: 'offerFile',
  file: audience === undefined ? offered : { ...offered, audience },
})
const completed = (audience?: Audience): RoomEvent => ({
  ...stamp,
  type: 'fileCompleted',
  file: audience === undefined ? whole : { ...whole, audience },
})
const mentioned = { id: whole.id, name: whole.name, size: whole.size }

describe('a file for one person', () => {
  it('is offered, goes on and ends with the audience that it began with', () => {
    const { file } = offer(toBudi)
    given(...crowd)
      .when(ani, offer(toBudi))
      .then({ ...stamp, type: 'fileOffered', file })
    const begun = given(...crowd, { ...stamp, type: 'fileOffered', file })
    const seq = 2
    // Whoever goes on with it, or tells its size, need not know.
    begun.when(ani, offer()).then({ ...stamp, seq, type: 'fileOffered', file })
    begun
      .when(ani, { type: 'completeFile', file: whole })
      .then({ ...stamp, seq, type: 'fileCompleted', file: { ...whole, audience: toBudi } })
    begun
      .when(ani, { type: 'progressFile', file: whole.id, bytes: 1 })
      .then({ type: 'fileProgressed', by: ani, file, bytes: 1 })
    begun.when(ani, { type: 'withdrawFile', file: whole.id, reason: 'no more' }).then({
      ...{ ...stamp, seq, type: 'fileWithdrawn', reason: 'no more' },
      file: { id: whole.id, name: whole.name, audience: toBudi },
    })
  })
  it('is verified by whom it is for, and is not there for anybody else (C115)', () => {
    const room = given(...crowd, completed(toBudi))
    room
      .when(budi, { type: 'receiveFile', file: whole.id })
      .then({ ...stamp, seq: 2, by: budi, type: 'fileReceived', file: { ...mentioned, audience: toBudi } })
    for (const other of [cici, host]) room.when(other, { type: 'receiveFile', file: whole.id }).refused('NO_SUCH_FILE')
  })
  it('needs a name that one person here has', () => {
    const { state } = given(...crowd, joined({ id: 'm4', name: 'cici' }))
    expect(addressee(state, 'budi')).toEqual(budi)
    expect(addressee(state, 'dodi')).toMatchObject({ code: 'NO_SUCH_MEMBER' })
    expect(addressee(state, 'cici')).toMatchObject({ code: 'NO_SUCH_MEMBER' })
  })
  it('stays theirs while they are away, and is nobody else\u2019s who takes the name', () => {
    const { state } = given(...crowd, completed(toBudi), { type: 'left', by: budi, reason: 'left' })
    expect(admits(toBudi, readerOf(state, budi.id))).toBe(true)
    expect(admits(toBudi, readerOf(state, 'another budi'))).toBe(false)
  })
})

describe('a room that collects', () => {
  const room = given(...crowd, collecting)

  it('shows what a member sends to the operators only', () =>
    room.when(ani, offer()).then({ ...stamp, seq: 2, type: 'fileOffered', file: { ...offered, audience: toStaff } }))
  it('shows what they send themselves to everybody, or to one', () => {
    const by = { id: host.id, name: host.name }
    room.when(host, offer()).then({ ...stamp, by, seq: 2, type: 'fileOffered', file: offered })
    const file = { ...offered, audience: { from: by, to: budi } }
    room.when(host, { type: 'offerFile', file }).then({ ...stamp, by, seq: 2, type: 'fileOffered', file })
  })
  it('lets members send to nobody else meanwhile', () => room.when(ani, offer(toBudi)).refused('NOT_ALLOWED'))
  it('takes bytes that it knows already the same way', () =>
    room
      .when(ani, { type: 'completeFile', file: whole })
      .then({ ...stamp, seq: 2, type: 'fileCompleted', file: { ...whole, audience: toStaff } }))
  it('keeps what began before for everybody', () =>
    given(...crowd, { ...stamp, type: 'fileOffered', file: offered }, { ...collecting, seq: 2 })
      .when(ani, { type: 'completeFile', file: whole })
      .then({ ...stamp, seq: 3, type: 'fileCompleted', file: whole }))
  it('keeps what began meanwhile for its staff', () =>
    given(
      ...crowd,
      ...[collecting, { ...stamp, seq: 2, type: 'fileOffered', file: { ...offered, audience: toStaff } } as const],
      ...[{ ...collecting, type: 'collectionEnded', seq: 3 } as const],
    )
      .when(ani, { type: 'completeFile', file: whole })
      .then({ ...stamp, seq: 4, type: 'fileCompleted', file: { ...whole, audience: toStaff } }))
  it('is told once that it does, and once that it does no more', () => {
    given(...crowd)
      .when(host, { type: 'startCollection' })
      .then(collecting)
    room.when(host, { type: 'startCollection' }).known(1)
    room.when(host, { type: 'endCollection' }).then({ ...collecting, type: 'collectionEnded', seq: 2 })
    given(...crowd)
      .when(host, { type: 'endCollection' })
      .known(0)
    given(...crowd, collecting, { ...collecting, type: 'collectionEnded', seq: 2 })
      .when(ani, offer())
      .then({ ...stamp, seq: 3, type: 'fileOffered', file: offered })
  })
})

describe('what was collected', () => {
  const opped: RoomEvent = { ...stamp, seq: 2, by: host, type: 'opped', to: budi, person: budi.id }
  const deopped: RoomEvent = { ...stamp, seq: 3, by: host, type: 'deopped', name: 'budi', person: budi.id }
  const seenIn = (...events: readonly RoomEvent[]) => {
    const { state } = given(...crowd, completed(toStaff), ...events)
    return [host, ani, budi, cici].filter(({ id }) => admits(toStaff, readerOf(state, id))).map(({ name }) => name)
  }

  it('is seen by its sender and the operators', () => expect(seenIn()).toEqual(['host', 'ani']))
  it('is seen by an op who was made one later, and no more once they are none', () => {
    expect(seenIn(opped)).toEqual(['host', 'ani', 'budi'])
    expect(seenIn(opped, deopped)).toEqual(['host', 'ani'])
  })
  it('is an op\u2019s also while they are not here', () =>
    expect(seenIn(opped, { type: 'left', by: budi, reason: 'left' })).toEqual(['host', 'ani', 'budi']))
  it('is verified by them, which its sender hears', () =>
    given(...crowd, completed(toStaff))
      .when(host, { type: 'receiveFile', file: whole.id })
      .then({
        ...{ ...stamp, seq: 2, by: { id: host.id, name: host.name } },
        ...{ type: 'fileReceived', file: { ...mentioned, audience: toStaff } },
      }))
})

describe('what everybody sees of a batch', () => {
  it('is the batch itself where nothing is personal', () => {
    const batch = new Batch('lobby', [said(1), { ...completed(), seq: 2 } as RoomEvent])
    expect(batch.encoded(visibilityOf)).toEqual({ open: batch.events, concerned: new Set(), concernsOperators: false })
    expect(batch.encoded(visibilityOf).open).toBe(batch.events)
  })
  it('is all but whispers and files for some', () => {
    const whispered: RoomEvent = { ...stamp, type: 'whispered', to: cici, text: 'psst' }
    const batch = new Batch('lobby', [said(1), whispered, completed(toBudi), completed(toStaff)])
    expect(batch.encoded(visibilityOf)).toEqual({
      open: [said(1)],
      concerned: new Set([ani.id, cici.id, budi.id]),
      concernsOperators: true,
    })
  })
})
