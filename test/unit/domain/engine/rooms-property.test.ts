import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { engineDefaults } from '#app/defaults.ts'
import { CommitLoop } from '#domain/engine/commit-loop.ts'
import { History } from '#domain/engine/history.ts'
import { Rooms } from '#domain/engine/rooms.ts'
import type { RoomActor } from '#domain/room/actor.ts'
import { checkFolder } from '#folder/reader.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { CountingIds } from '#system/ids.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { mailOf, type WatchedMail } from '../../../harness/mail.ts'
import { ani } from '../../../harness/people.ts'
import { ScriptedJournal } from '../../../harness/scripted-journal.ts'
import { TurnClock, turn, turns } from '../../../harness/turns.ts'

const ROOMS = ['lobby', 'hall'] as const
const FULL = { status: 'readOnly', message: 'the disk is full' } as const

/** A house of rooms that looks, at each step, for what may never be. */
function watchedRooms() {
  const journal = new ScriptedJournal()
  const clock = new TurnClock()
  const ports = {
    journal,
    clock,
    fileStore: new MemoryFileStore(),
    ids: new CountingIds(),
    log: new MemoryLog(),
    metrics: new MemoryMetrics(),
    checkFolder,
  }
  const broken: unknown[] = []
  const loop = new CommitLoop(
    ports,
    (room) => rooms.letGo(room),
    (error) => broken.push(error),
  )
  const rooms: Rooms = new Rooms(
    ports,
    engineDefaults,
    loop.wake,
    new History(journal, engineDefaults, (error) => broken.push(error)),
  )
  const alive = new Set<RoomActor>()
  const seen = new Set<RoomActor>()
  const mails: WatchedMail[] = []
  const shares: { readonly name: string; readonly seat: boolean; readonly room: RoomActor }[] = []
  let taking = 0

  const see = (room: RoomActor) => {
    if (seen.has(room)) return
    seen.add(room)
    alive.add(room)
    room.batches$.subscribe({ complete: () => alive.delete(room) })
  }
  const take = (name: string, seat: boolean) => {
    taking++
    const got = seat ? rooms.enter(name) : rooms.use(name)
    got.then((room) => {
      taking--
      if ('type' in room) throw new Error(room.code)
      see(room)
      shares.push({ name, seat, room })
    })
  }
  const give = (index: number) => {
    const [share] = shares.splice(index % Math.max(1, shares.length), 1)
    if (share?.seat) rooms.leave(share.name)
    else if (share !== undefined) rooms.release(share.name)
  }
  const tell = (index: number, isPresence: boolean) => {
    const share = shares[index % Math.max(1, shares.length)]
    if (share === undefined) return
    const mail = mailOf(ani, isPresence ? { type: 'join' } : { type: 'tellPassword', isSet: true })
    mails.push(mail)
    share.room.tell(mail)
  }
  return { journal, broken, loop, rooms, alive, mails, shares, take, give, tell, taking: () => taking }
}

type Step =
  | { readonly do: 'take'; readonly room: number; readonly seat: boolean }
  | { readonly do: 'give'; readonly which: number }
  | { readonly do: 'tell' | 'tell and give'; readonly which: number; readonly isPresence: boolean }
  | { readonly do: 'turn' | 'hold' | 'commit' | 'commit all' | 'fill' | 'list' }

const which = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('take' as const), room: fc.nat(1), seat: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('give' as const), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('tell' as const, 'tell and give' as const),
      which,
      isPresence: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('turn', 'turn', 'turn', 'hold', 'commit', 'commit', 'commit all', 'fill', 'list'),
    }),
  },
)

async function run(steps: readonly Step[]): Promise<void> {
  const watched = watchedRooms()
  const { journal, broken, loop, rooms, alive, mails, shares } = watched
  const names = () => Array.from(alive, ({ state }) => state.name).toSorted()
  for (const each of steps) {
    if (each.do === 'take') watched.take(ROOMS[each.room] ?? 'lobby', each.seat)
    else if (each.do === 'give') watched.give(each.which)
    else if (each.do === 'tell') watched.tell(each.which, each.isPresence)
    else if (each.do === 'tell and give') {
      watched.tell(each.which, each.isPresence)
      watched.give(each.which)
    } else if (each.do === 'hold') journal.hold()
    else if (each.do === 'commit') journal.release(true)
    else if (each.do === 'commit all') journal.release()
    else if (each.do === 'fill') journal.script.push(FULL)
    else if (each.do === 'list') void rooms.summaries()
    else await turn()
    expect(names(), 'two actors of one room').toEqual([...new Set(names())])
    expect(broken, 'a sequence was numbered twice').toEqual([])
  }
  while (watched.taking() > 0) await turn()
  while (shares.length > 0) watched.give(0)
  journal.release()
  await loop.settled()
  await turns(2)
  expect(broken).toEqual([])
  expect([rooms.count, alive.size], 'a room that nobody uses is kept').toEqual([0, 0])
  for (const { acks, refusals } of mails) expect(acks.length + refusals.length, 'answers to one mail').toBe(1)
  for (const name of ROOMS) {
    const kept = (await journal.read(name, 0, Infinity)).flatMap(({ entries }) => entries.map(({ seq }) => seq))
    expect(kept).toEqual(kept.map((_, index) => index + 1))
  }
  const entries = mails.flatMap(({ commands: [command], acks }) => (command?.type === 'join' ? [] : acks))
  const spans = await journal.rooms()
  expect(entries).toHaveLength(ROOMS.reduce((sum, name) => sum + (spans.get(name)?.last ?? 0), 0))
}

describe('P3 a room has one actor at a time', () => {
  it('whoever comes, speaks and goes in whatever order, no sequence is numbered twice and no mail is lost', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), run), { numRuns: 500 })
  })
  it('it is held while what was said to it waits, though nobody uses it any more', async () => {
    const watched = watchedRooms()
    watched.take('lobby', false)
    await turn()
    watched.journal.hold()
    watched.tell(0, false)
    watched.give(0)
    await turns(3)
    watched.take('lobby', false)
    await turn()
    watched.tell(0, false)
    watched.journal.release()
    await watched.loop.settled()
    expect([watched.broken, watched.mails.flatMap(({ acks }) => acks.map(({ seq }) => seq))]).toEqual([[], [1, 2]])
  })
  it('once let go of, it takes no more mail', async () => {
    const watched = watchedRooms()
    watched.take('lobby', false)
    await turn()
    const [share] = watched.shares
    watched.give(0)
    const late = mailOf(ani, { type: 'tellPassword', isSet: true })
    share?.room.tell(late)
    await watched.loop.settled()
    expect([late.acks, late.refusals.map(({ code }) => code)]).toEqual([[], ['NOT_A_MEMBER']])
    expect(watched.journal.appends).toEqual([])
  })
})
