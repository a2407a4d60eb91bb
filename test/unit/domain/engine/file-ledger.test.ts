import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileLedger } from '#domain/engine/file-ledger.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { initialState } from '#domain/room/state.ts'
import { ani } from '../../../harness/people.ts'

const ROOMS = ['lobby', 'kitchen'] as const
const FILES = ['a', 'b', 'c', 'd', 'e', 'f']

/** A ledger and its rooms, and the same as plain lists that are counted anew each time. */
function makeHost() {
  const ledger = new FileLedger()
  const rooms = new Map(ROOMS.map((name) => [name as string, initialState(name)]))
  const roomOf = new Map<string, string>()
  const arriving = new Map<string, number>()
  const awaited = new Set<string>()
  const going = new Set<string>()
  let seq = 0
  const stateOf = (id: string) => rooms.get(FILES.indexOf(id) % 2 === 0 ? 'lobby' : 'kitchen') ?? initialState('')
  const tell = (id: string, event: Partial<RoomEvent>) =>
    evolve(stateOf(id), { seq: ++seq, at: seq, by: ani, ...event } as RoomEvent)
  const isWhole = (id: string) => stateOf(id).files.get(id)?.status === 'whole'

  /** One step in the life of a file, where it is possible. */
  const step = (id: string, what: string, bytes: number) => {
    const room = stateOf(id).name
    const isUnfinished = arriving.has(id) || awaited.has(id)
    if (what === 'offer' && !roomOf.has(id) && !isUnfinished) {
      ledger.await(id)
      awaited.add(id)
      ledger.add(id, room)
      roomOf.set(id, room)
      tell(id, { type: 'fileOffered', file: { id, name: id } })
    }
    // The room may have its bytes already, before it is offered.
    if (what === 'arrive' && !isWhole(id) && !going.has(id) && bytes >= (arriving.get(id) ?? 0)) {
      ledger.arrive(id, room, bytes)
      awaited.delete(id)
      arriving.set(id, bytes)
    }
    if (what === 'complete' && isUnfinished && !isWhole(id)) {
      ledger.settle(id, room)
      tell(id, { type: 'fileCompleted', file: { id, name: id, size: arriving.get(id) ?? 0, sha256: '' } })
      ledger.add(id, room)
      roomOf.set(id, room)
    }
    if (what === 'release' && isUnfinished && isWhole(id)) {
      ledger.release(id)
      arriving.delete(id)
      awaited.delete(id)
    }
    if (what === 'abandon' && isUnfinished && !isWhole(id)) {
      tell(id, { type: 'fileWithdrawn', file: { id, name: id }, reason: '' })
      ledger.delete(id)
      roomOf.delete(id)
      ledger.release(id)
      arriving.delete(id)
      awaited.delete(id)
    }
    if (what === 'go' && isWhole(id) && !isUnfinished && !going.has(id)) {
      ledger.go(id, room)
      going.add(id)
    }
    if (what === 'withdraw' && going.has(id) && isWhole(id))
      tell(id, { type: 'fileWithdrawn', file: { id, name: id }, reason: '' })
    if (what === 'gone' && going.has(id)) {
      if (!isWhole(id)) {
        ledger.delete(id)
        roomOf.delete(id)
      }
      ledger.gone(id)
      going.delete(id)
    }
  }

  const sums = () => ({
    files: ledger.files,
    arriving: ledger.arrivingBytes,
    in: ROOMS.map((name) => ledger.bytesIn(rooms.get(name) ?? initialState(name))),
    whole: ROOMS.map((name) => Array.from(ledger.whole(rooms.get(name) ?? initialState(name)), ({ id }) => id)),
  })
  const recount = () => {
    const counted = FILES.filter(
      (id) => arriving.has(id) || (roomOf.has(id) && !awaited.has(id) && !going.has(id)),
    ).length
    const wholeIn = (name: string) => {
      const files = [...(rooms.get(name)?.files.values() ?? [])]
      return files.flatMap(({ status, file }) =>
        status === 'whole' && !going.has(file.id) ? [{ id: file.id, bytes: file.size }] : [],
      )
    }
    const add = (sizes: Iterable<number>) => [...sizes].reduce((sum, bytes) => sum + bytes, 0)
    const arrivingIn = (name: string) =>
      [...arriving].filter(([id]) => stateOf(id).name === name && !isWhole(id)).map(([, bytes]) => bytes)
    return {
      files: counted,
      arriving: add(arriving.values()),
      in: ROOMS.map((name) => ({
        whole: add(wholeIn(name).map(({ bytes }) => bytes)),
        arriving: add(arrivingIn(name)),
      })),
      whole: ROOMS.map((name) => wholeIn(name).map(({ id }) => id)),
    }
  }
  return { ledger, step, sums, recount }
}

const steps = ['offer', 'arrive', 'complete', 'release', 'abandon', 'go', 'withdraw', 'gone']
const life = fc.array(fc.tuple(fc.constantFrom(...FILES), fc.constantFrom(...steps), fc.nat(1000)), {
  maxLength: 200,
  size: 'max',
})

describe('C114 the sums of files', () => {
  it('are those of a recount after every step of any sequence', () => {
    fc.assert(
      fc.property(life, (lives) => {
        const host = makeHost()
        for (const [id, what, bytes] of lives) {
          host.step(id, what, bytes)
          expect(host.sums()).toEqual(host.recount())
        }
      }),
    )
  })
  it('give nobody anything ahead once that has ended', () => {
    const { ledger } = makeHost()
    ledger.arrive('a', 'lobby', 10, 100)
    expect([ledger.advance('a', 60), ledger.arrived('a'), ledger.advance('a', 101)]).toEqual([true, 60, false])
    ledger.endAhead()
    expect([ledger.advance('a', 60), ledger.advance('b', 1), ledger.arrived('a')]).toEqual([false, false, 60])
  })
})
