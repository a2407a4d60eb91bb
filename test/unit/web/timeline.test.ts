import { beforeEach, describe, expect, test } from 'vitest'
import { refusal } from '#client/errors.ts'
import { type Entry, isEntry } from '#domain/room/events.ts'
import { pageDefaults } from '#web/defaults.ts'
import type { History } from '#web/timeline/timeline.ts'
import { Timeline } from '#web/timeline/timeline.ts'
import { AT, ani, budi, joined, said } from '../../harness/people.ts'

/** A room that answers when it is told to. */
class Room implements History {
  readonly entries: Entry[] = []
  asked = 0
  #waiting: (() => void)[] = []
  refusing = false

  say(count: number): readonly Entry[] {
    const from = this.entries.length + 1
    const news = Array.from({ length: count }, (_, at) => said(from + at))
    this.entries.push(...news)
    return news
  }

  before(seq: number | undefined, limit: number) {
    return this.#answer(() => this.entries.filter((entry) => seq === undefined || entry.seq < seq).slice(-limit))
  }

  after(seq: number, limit: number) {
    return this.#answer(() => this.entries.filter((entry) => entry.seq > seq).slice(0, limit))
  }

  search(_: string, limit: number) {
    return this.before(undefined, limit)
  }

  async answer(): Promise<void> {
    for (const each of this.#waiting.splice(0)) each()
    await new Promise((resolve) => setImmediate(resolve))
  }

  #answer(read: () => readonly Entry[]) {
    this.asked++
    // What it is at this moment: what happens until the answer arrives is not in it.
    const found = this.refusing ? refusal(503, 'BUSY', 'later') : read()
    return new Promise<typeof found>((resolve) => this.#waiting.push(() => resolve(found)))
  }
}

let room: Room
let timeline: Timeline

beforeEach(() => {
  room = new Room()
  timeline = new Timeline(room, () => AT)
})

const seqs = () => timeline.span.value.items.flatMap((item) => (isEntry(item) ? item.seq : []))
const dense = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const tell = (count: number) => timeline.heard(room.say(count))
const open = async () => {
  const opened = timeline.toLatest()
  await room.answer()
  await opened
}

describe('a timeline', () => {
  test('begins with the newest, and goes on with what comes meanwhile, without a gap and without a double', async () => {
    room.say(80)
    const opened = timeline.toLatest()
    tell(3)
    await room.answer()
    await opened
    tell(2)
    expect(seqs()).toEqual(dense(31, 85))
    expect(timeline.span.value).toMatchObject({ atStart: false, atEnd: true, newest: 85 })
    expect(timeline.aim.value).toEqual({ type: 'end' })
  })

  test('has no gap either where more comes meanwhile than it keeps', async () => {
    room.say(80)
    const opened = timeline.toLatest()
    tell(pageDefaults.windowEntries + 10)
    await room.answer()
    await opened
    const last = 90 + pageDefaults.windowEntries
    expect(seqs()).toEqual(dense(last - pageDefaults.windowEntries + 1, last))
    expect(timeline.span.value.atStart).toBe(false)
  })

  test('reads on above, once at a time, until the beginning', async () => {
    room.say(120)
    await open()
    const both = [timeline.older(), timeline.older()]
    expect(room.asked).toBe(2)
    await room.answer()
    await Promise.all(both)
    expect(seqs()).toEqual(dense(1, 120))
    expect(timeline.span.value.atStart).toBe(true)
    await timeline.older()
    expect(room.asked).toBe(2)
  })

  test('stays where somebody reads, counts what comes, and reads on below until it has caught up', async () => {
    room.say(1000)
    await open()
    timeline.read('above')
    const around = timeline.around(300, { type: 'row', key: 'e300' })
    await room.answer()
    await around
    expect(seqs()).toEqual(dense(251, 400))
    tell(5)
    expect(seqs()).toEqual(dense(251, 400))
    expect(timeline.span.value).toMatchObject({ atEnd: false, newest: 1005 })
    for (let pages = 0; pages < 20 && !timeline.span.value.atEnd; pages++) {
      const newer = timeline.newer()
      tell(1)
      await room.answer()
      await newer
    }
    expect(seqs()).toEqual(dense(room.entries.length - pageDefaults.windowEntries + 1, room.entries.length))
  })

  test('shows what somebody wanted last, whatever is answered first', async () => {
    room.say(1000)
    const [first, second] = [timeline.toLatest(), timeline.around(300, { type: 'divider' })]
    await room.answer()
    await Promise.all([first, second])
    expect(seqs()).toEqual(dense(251, 400))
  })

  test('says why something could not be read, and keeps what it has', async () => {
    room.say(80)
    await open()
    room.refusing = true
    const older = timeline.older()
    await room.answer()
    await older
    expect(timeline.failure.value).toMatchObject({ code: 'BUSY' })
    expect(seqs()).toEqual(dense(31, 80))
  })

  test('begins again with a host that kept nothing', async () => {
    room.say(20)
    await open()
    room.entries.length = 0
    tell(2)
    expect(seqs()).toEqual([1, 2])
  })

  test('shows comings and goings where they happened, and no moments', async () => {
    await open()
    tell(1)
    timeline.heard([joined(ani), { type: 'typing', by: ani, at: AT, forMs: 1 }])
    tell(1)
    expect(timeline.span.value.items.map(({ type }) => type)).toEqual(['said', 'joined', 'said'])
  })
})

describe('what was removed', () => {
  const removed = (target: number): Entry => ({
    type: 'messageRemoved',
    seq: room.entries.length + 1,
    at: AT,
    by: ani,
    target,
  })
  const cleared = (): Entry => ({
    type: 'cleared',
    seq: room.entries.length + 1,
    at: AT,
    by: ani,
    upTo: room.entries.length,
  })
  const happens = (entry: Entry) => {
    room.entries.push(entry)
    timeline.heard([entry])
  }
  const textsAt = (seq: number) =>
    JSON.stringify(timeline.span.value.items.find((item) => isEntry(item) && item.seq === seq))

  test('says so in its place at once, and has no text any more', async () => {
    room.say(5)
    await open()
    happens(removed(3))
    expect(timeline.span.value.items[2]).toEqual({ type: 'erased', seq: 3, at: AT, by: ani })
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('is not shown by a page that was asked for before', async () => {
    room.say(pageDefaults.firstEntries + 5)
    await open()
    const reading = timeline.older()
    happens(removed(2))
    await room.answer()
    await reading
    expect(textsAt(2)).toContain('"erased"')
    expect(timeline.removals.value.messages.get(2)).toEqual(ani)
  })

  test('goes as a whole where the owner removes everything, and the room begins behind it', async () => {
    room.say(5)
    await open()
    timeline.heard([joined(budi)])
    happens(cleared())
    expect(seqs()).toEqual([6])
    expect(timeline.span.value.items).toHaveLength(1)
    expect(timeline.span.value.atStart).toBe(true)
    tell(2)
    expect(seqs()).toEqual([6, 7, 8])
  })

  test('is not shown either by somebody who comes later, or was reading further up', async () => {
    room.say(300)
    const reading = timeline.around(20, { type: 'divider' })
    await room.answer()
    await reading
    happens(cleared())
    await room.answer()
    expect(seqs()).toEqual([301])
    expect(timeline.span.value).toMatchObject({ atStart: true, atEnd: true })
  })

  test('says nothing of a room that begins again on a host that keeps nothing', async () => {
    room.say(3)
    await open()
    happens(removed(2))
    room.entries.length = 0
    tell(2)
    expect(timeline.span.value.items.map(({ type }) => type)).toEqual(['said', 'said'])
  })
})
