import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { erasedBy, type Removal, removedRange } from '#domain/room/removal.ts'
import { BadEntries, packEntries, unpackEntries } from '#protocol/journal-format.ts'
import { type Checkpointer, lazyTransaction } from './database.ts'
import type { Reader } from './reader.ts'
import type { Room, RoomTable } from './room-table.ts'
import { checksumOf, KEY, KIND, packSums, type Row } from './rows.ts'
import type { SearchIndex } from './search-index.ts'

const STEP_MS = 2
/** Below this share of all entries it is faster to erase their words one by one than to make the search index anew. */
const FEW = 1 / 50
const FEW_ENTRIES = 1000
const PAGES_OF_A_ROW = 8

/** Rewrites rows without the messages that were removed, in short steps, so that appends are served between them. */
export class Eraser {
  readonly #db: DatabaseSync
  readonly #rooms: RoomTable
  readonly #reader: Reader
  readonly #search: SearchIndex
  readonly #checkpointer: Checkpointer
  readonly #rewrite: StatementSync
  readonly #saveProgress: StatementSync
  /** The newest removal of each room that was carried out, with all before it. */
  readonly #done = new Map<number, number>()

  constructor(db: DatabaseSync, rooms: RoomTable, reader: Reader, search: SearchIndex, checkpointer: Checkpointer) {
    this.#db = db
    this.#rooms = rooms
    this.#reader = reader
    this.#search = search
    this.#checkpointer = checkpointer
    this.#rewrite = db.prepare(`UPDATE batches SET bytes = ?, checksum = ?, sums = ? WHERE key = ${KEY}`)
    this.#saveProgress = db.prepare('INSERT OR REPLACE INTO erased (room, upto) VALUES (?, ?)')
    for (const row of db.prepare('SELECT room, CAST(upto AS REAL) AS upto FROM erased').all())
      this.#done.set(Number(row['room']), Number(row['upto']))
  }

  /** Those that have not been carried out yet, for good. */
  open(room: Room, removals: readonly Removal[]): readonly Removal[] {
    const done = this.#done.get(room.key) ?? 0
    return removals.filter(({ seq }) => seq > done)
  }

  /** Notes that all removals up to the sequence `seq` are carried out, and that nothing of what they removed is left in any file. */
  done(room: Room, seq: number): void {
    lazyTransaction(this.#db, () => this.#saveProgress.run(room.key, seq))
    this.#done.set(room.key, seq)
  }

  /** Erases what a removal removed; pauses at each `yield`. Rows that do not verify are left as they are, and reported. */
  *erase(room: Room, removal: Removal): Generator<void> {
    const { from, to } = removedRange(removal)
    const first = Math.max(from, room.first)
    if (to - first >= Math.max(FEW_ENTRIES, this.#total() * FEW)) this.#search.clear()
    for (let next: number | undefined = first; next !== undefined && next <= to; ) {
      const start = next
      this.#search.erasing(room, () => {
        const step = this.#step(room, removal, start, to)
        next = step.next
        return step.erased
      })
      yield
    }
  }

  #step(room: Room, removal: Removal, start: number, to: number) {
    const started = performance.now()
    const erased: Entry[] = []
    for (const row of this.#reader.intact(room, start, to)) {
      erased.push(...this.#eraseRow(room, row, removal))
      if (performance.now() - started > STEP_MS) return { next: row.last + 1, erased }
    }
    return { next: undefined, erased }
  }

  /** Answers the entries that it erased. */
  #eraseRow(room: Room, row: Row, removal: Removal): readonly Entry[] {
    if (row.kind === KIND.kept) return []
    const entries = entriesOf(room.name, row)
    const left = entries.map((entry) => erasedBy(entry, removal) ?? entry)
    const erased = entries.filter((entry, index) => entry !== left[index])
    if (erased.length === 0) return erased
    const bytes = Uint8Array.from(packEntries(new Batch(room.name, left)))
    const { changes } = this.#rewrite.run(bytes, checksumOf({ ...row, bytes }), packSums(room.name, bytes), room.key, row.first)
    if (changes !== 1) throw new Error(`a row that is to be erased is gone: ${row.first} of room ${room.key}`)
    this.#checkpointer.wrote(PAGES_OF_A_ROW)
    return erased
  }

  #total(): number {
    let total = 0
    for (const { first, last } of this.#rooms.spans().values()) total += last - first + 1
    return total
  }
}

/** None where a newer version wrote them. */
const entriesOf = (room: string, row: Row): readonly Entry[] => {
  try {
    return unpackEntries(room, row.bytes).entries
  } catch (error) {
    if (!(error instanceof BadEntries)) throw error
    return []
  }
}
