import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Appended, Journal, Span } from '#domain/ports/journal.ts'
import { Batch, type CommandId, type KnownId } from '#domain/room/batch.ts'
import { type Erasure, erasedBy, erasedRange } from '#domain/room/erasure.ts'
import { type Entry, historyChars } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import { matches, searchWords } from '#protocol/search-words.ts'
import { digest } from '../digest.ts'
import { continues, densityFault, repeatedIdFault } from '../numbering.ts'

const COMMITTED: Appended = { status: 'committed' }
const BEHIND: Appended = { status: 'behind' }
const DONE = Promise.resolve()
/** Entries that a search checks in one turn of the event loop. */
const STEP_ENTRIES = 512

interface RoomLog {
  /** In order and dense; only batches with entries. */
  batches: Batch[]
  facts: Entry[]
  readonly ids: Map<string, number>
  first: number
  last: number
}

/** Keeps everything in memory for as long as the object lives, and commits at once. */
export class MemoryJournal implements Journal {
  readonly #rooms = new Map<string, RoomLog>()
  readonly #isCopy: boolean

  /** `isCopy`: of another journal, in which entries may be missing. */
  constructor({ isCopy = false }: { readonly isCopy?: boolean } = {}) {
    this.#isCopy = isCopy
  }

  open(): Promise<void> {
    return DONE
  }

  close(): Promise<void> {
    return DONE
  }

  async append(batches: readonly Batch[]): Promise<Appended> {
    return this.appendNow(batches)
  }

  /** The same before it returns. */
  protected appendNow(batches: readonly Batch[], gaps = this.#isCopy): Appended {
    const written = batches.every(hasEntries) ? batches : batches.filter(hasEntries)
    const known = this.#known(written)
    if (known.length > 0) return { status: 'duplicate', known }
    const fault = repeatedIdFault(written)
    if (fault !== undefined) throw new RangeError(fault)
    for (const batch of written) {
      const fault = densityFault(batch)
      if (fault !== undefined) throw new RangeError(fault)
    }
    if (!continues(written, (room) => this.#rooms.get(room)?.last, gaps)) return BEHIND
    for (const batch of written) this.#keep(batch)
    return COMMITTED
  }

  async span(room: string): Promise<Span | undefined> {
    const log = this.#rooms.get(room)
    return log && { first: log.first, last: log.last }
  }

  async rooms(): Promise<ReadonlyMap<string, Span>> {
    return new Map(Array.from(this.#rooms, ([name, { first, last }]) => [name, { first, last }]))
  }

  async read(room: string, after: number, limit: number): Promise<readonly Batch[]> {
    const batches = this.#rooms.get(room)?.batches ?? []
    const found: Batch[] = []
    let count = 0
    for (let index = indexAfter(batches, after); index < batches.length && count < Math.max(1, limit); index += 1) {
      const batch = clip(batches[index]!, after)
      found.push(batch)
      count += batch.entries.length
    }
    return found
  }

  async facts(room: string): Promise<readonly Entry[]> {
    return [...(this.#rooms.get(room)?.facts ?? [])]
  }

  async search(room: string, query: string, limit: number, chars: number): Promise<readonly Entry[]> {
    const wanted = searchWords(query)
    const batches = this.#rooms.get(room)?.batches ?? []
    const found: Entry[] = []
    if (wanted.length === 0) return found
    let looked = 0
    let left = chars
    for (let index = batches.length - 1; index >= 0; index -= 1) {
      for (const entry of batches[index]!.entries.toReversed()) {
        if (found.length >= limit) return found.reverse()
        if (matches(entry, wanted)) {
          left -= historyChars(entry)
          if (left < 0) return found.reverse()
          found.push(entry)
        }
        // The rest of the process waits meanwhile.
        looked += 1
        if (looked % STEP_ENTRIES === 0) await nextTurn()
      }
    }
    return found.reverse()
  }

  async trim(room: string, upTo: number): Promise<void> {
    const log = this.#rooms.get(room)
    if (log === undefined) return
    const kept = log.batches.findIndex((batch) => batch.last! > upTo)
    const gone = kept === -1 ? log.batches : log.batches.slice(0, kept)
    for (const batch of gone) for (const { id } of batch.ids) log.ids.delete(id)
    log.batches = kept === -1 ? [] : log.batches.slice(kept)
    log.first = log.batches[0]?.first ?? log.last + 1
    const lasting = new RetainedFacts()
    for (const fact of log.facts) lasting.take(fact)
    log.facts = log.facts.filter(({ seq }) => seq >= log.first || lasting.has(seq))
  }

  async known(room: string, ids: readonly CommandId[]): Promise<readonly KnownId[]> {
    const seen = this.#rooms.get(room)?.ids
    return ids.flatMap(({ id }) => {
      const seq = seen?.get(id)
      return seq === undefined ? [] : [{ room, id, seq }]
    })
  }

  /** There is nothing that survives. */
  async sync(): Promise<boolean> {
    return true
  }

  async erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'> {
    const log = this.#rooms.get(room)
    for (const erasure of erasures) {
      const { from, to } = erasedRange(erasure)
      const batches = log?.batches ?? []
      for (
        let index = indexAfter(batches, from - 1);
        index < batches.length && batches[index]!.first! <= to;
        index += 1
      )
        batches[index] = withErased(batches[index]!, erasure)
    }
    return 'erased'
  }

  #known(batches: readonly Batch[]): KnownId[] {
    const known: KnownId[] = []
    for (const { room, ids } of batches) {
      const seen = this.#rooms.get(room)?.ids
      if (seen === undefined) continue
      for (const { id } of ids) {
        const seq = seen.get(id)
        if (seq !== undefined) known.push({ room, id, seq })
      }
    }
    return known
  }

  #keep(batch: Batch): void {
    let log = this.#rooms.get(batch.room)
    if (log === undefined) {
      log = { batches: [], facts: [], ids: new Map(), first: 1, last: 0 }
      this.#rooms.set(batch.room, log)
    }
    // A batch of its own: what the batch is encoded as for its readers goes with them.
    log.batches.push(new Batch(batch.room, batch.entries, batch.ids))
    log.last = batch.last!
    for (const { id, seq } of batch.ids) log.ids.set(id, seq)
    for (const entry of batch.entries) if (isFact(entry)) log.facts.push(entry)
  }
}

const hasEntries = ({ entries }: Batch): boolean => entries.length > 0

/** Index of the first batch that reaches above `after`, by binary search. */
const indexAfter = (batches: readonly Batch[], after: number): number => {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (batches[middle]!.last! > after) high = middle
    else low = middle + 1
  }
  return low
}

/** A new batch, where there is something to erase: others may hold the one before, with its encodings. */
const withErased = (batch: Batch, erasure: Erasure): Batch => {
  const entries = batch.entries.map((entry) => erasedBy(entry, erasure, digest))
  return entries.every((entry, index) => entry === batch.entries[index])
    ? batch
    : new Batch(batch.room, entries, batch.ids)
}

const clip = (batch: Batch, after: number): Batch =>
  batch.first! > after
    ? batch
    : new Batch(
        batch.room,
        batch.entries.filter((entry) => entry.seq > after),
      )
