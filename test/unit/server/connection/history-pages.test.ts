import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, historyChars, isEntry, type PastEvent } from '#domain/room/events.ts'
import { type Portion, portionsAfter, portionsBefore, searched } from '#server/connection/history-pages.ts'
import { said } from '../../../harness/people.ts'

/** A room of these entries, of which `hidden` are not seen, and `damaged` can't be read; stored in batches of so many. */
function room(
  texts: readonly string[],
  { hidden = () => false, damaged = () => false, batch = 3 }: Partial<Room> = {},
) {
  const all: Entry[] = texts.map((text, index) => said(index + 1, text))
  const pages: number[] = []
  const past = (entry: Entry): PastEvent =>
    damaged(entry.seq) ? { type: 'missed', from: entry.seq, to: entry.seq } : entry
  return {
    all,
    pages,
    last: all.length,
    async page(after: number, limit: number) {
      const upTo = Math.min(all.length, Math.ceil((after + Math.min(limit, 512)) / batch) * batch)
      const read = all.slice(after, upTo)
      pages.push(read.length)
      const left = read.filter(({ seq }) => !damaged(seq)).length
      const events = read.filter(({ seq }) => damaged(seq) || !hidden(seq)).map((entry) => past(entry))
      return { events, read: left === 0 ? 0 : left, upTo: Math.max(after, left === 0 ? all.length : upTo) }
    },
    async search(query: string, limit: number) {
      return all
        .filter((entry) => 'text' in entry && entry.text.includes(query) && (damaged(entry.seq) || !hidden(entry.seq)))
        .map((entry) => past(entry))
        .slice(-limit)
    },
  }
}

interface Room {
  readonly hidden: (seq: number) => boolean
  readonly damaged: (seq: number) => boolean
  readonly batch: number
}

async function gathered(portions: AsyncIterable<Portion>) {
  const seqs: number[] = []
  let most = 0
  const missed: number[] = []
  for await (const { events } of portions) {
    const entries = events.filter(isEntry)
    seqs.push(...entries.map(({ seq }) => seq))
    for (const event of events) if (!isEntry(event)) for (let seq = event.from; seq <= event.to; seq++) missed.push(seq)
    most = Math.max(most, entries.length > 1 ? entries.reduce((sum, entry) => sum + historyChars(entry), 0) : 0)
  }
  return { seqs, missed, most }
}

const PORTION_CHARS = 64 * 1024
const long = (count: number) => Array.from({ length: count }, (_, index) => `${index} ${'x'.repeat(16_000)}`)

describe('C61 an answer in portions', () => {
  it('has exactly the entries that were asked for, in order, whatever is hidden and however it is stored', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b'.repeat(20_000), 'c'.repeat(3000)), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 45 }),
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 2, max: 60 }),
        async (texts, batch, limit, from, every, broken) => {
          const hidden = (seq: number) => seq % every === 0
          // Within a batch of several, so that something of each can be read.
          const damaged = (seq: number) => batch > 1 && seq % broken === 1 && seq % batch !== 0
          const made = room(texts, { hidden, damaged, batch })
          const all = made.all.map(({ seq }) => seq)
          const seen = all.filter((seq) => !hidden(seq) && !damaged(seq))
          const isToldIn = (told: readonly number[], whole: boolean, lies: (seq: number) => boolean) => {
            const lost = all.filter((seq) => damaged(seq) && lies(seq))
            if (whole) expect(told).toEqual(lost)
            else expect(lost).toEqual(expect.arrayContaining([...told]))
          }
          const after = await gathered(portionsAfter(made, from, Number.POSITIVE_INFINITY, limit))
          expect(after.seqs).toEqual(seen.filter((seq) => seq > from).slice(0, limit))
          const before = await gathered(portionsBefore(made, from, limit))
          expect(before.seqs).toEqual(seen.filter((seq) => seq < from).slice(-limit))
          isToldIn(after.missed, !(after.seqs.length >= limit), (seq) => seq > from)
          const begins = before.seqs.length >= limit ? (before.seqs[0] ?? 0) : 0
          isToldIn(before.missed, true, (seq) => seq > begins && seq < from)
          const { count, portions } = await searched(made, 'b', limit)
          const found = await gathered(portions)
          const matching = all.filter((seq) => texts[seq - 1]?.startsWith('b') && (damaged(seq) || !hidden(seq)))
          expect([...found.seqs, ...found.missed].sort((one, other) => one - other)).toEqual(matching.slice(-limit))
          expect(count).toBe(found.seqs.length)
          for (const { most } of [after, before, found]) expect(most).toBeLessThanOrEqual(PORTION_CHARS)
        },
      ),
    )
  })

  it('is read no further ahead than it is taken', async () => {
    const made = room(long(500), { batch: 4 })
    const portions = portionsAfter(made, 0, Number.POSITIVE_INFINITY, 500)
    await portions.next()
    expect(made.pages).toHaveLength(1)
    await portions.next()
    // Once it is known that they are long, no more are read than go into about two portions.
    expect(made.pages.slice(1)).toEqual([expect.toSatisfy((read) => read <= 16)])
  })

  it('is one look into the journal where it is short', async () => {
    const made = room(Array.from({ length: 1000 }, (_, index) => `line ${index}`))
    const { seqs } = await gathered(portionsBefore(made, 1001, 100))
    expect([seqs.length, made.pages.length]).toEqual([100, 1])
  })
})
