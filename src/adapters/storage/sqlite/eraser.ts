import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Batch } from '#domain/room/batch.ts'
import { type Erasure, erasedBy, erasedRange } from '#domain/room/erasure.ts'
import type { Entry } from '#domain/room/events.ts'
import { packEntries } from '#protocol/journal-format.ts'
import { digest } from '../digest.ts'
import { type Checkpointer, lazyTransaction } from './database.ts'
import type { Reader } from './reader.ts'
import type { Room, RoomTable } from './room-table.ts'
import { checksumOf, entriesOf, KEY, KIND, packSums, type Row } from './rows.ts'
import type { SearchIndex } from './search-index.ts'

const STEP_MS = 2
/** Words of so many entries are erased in one step. */
const STEP_ENTRIES = 4
/** Of more entries than these, and than this share of all, it is faster to make the search index anew than to erase their words. */
const MANY_ENTRIES = 1000
const MANY = 1 / 50
/** About how many pages rewriting a row writes. */
const PAGES_OF_A_ROW = 8

/** A row, and its entries once those that were removed are erased. */
interface Rewriting {
  readonly row: Row
  readonly entries: readonly Entry[]
  readonly removed: readonly Entry[]
}

/** Rewrites rows without the messages that were removed, in short steps, so that appends are served between them. */
export class Eraser {
  readonly #db: DatabaseSync
  readonly #rooms: RoomTable
  readonly #reader: Reader
  readonly #search: SearchIndex
  readonly #checkpointer: Checkpointer
  readonly #rewrite: StatementSync
  readonly #saveProgress: StatementSync
  /** By the room's key, the newest erasure that was carried out, with all before it. */
  readonly #done = new Map<number, number>()

  constructor(db: DatabaseSync, rooms: RoomTable, reader: Reader, search: SearchIndex, checkpointer: Checkpointer) {
    this.#db = db
    this.#rooms = rooms
    this.#reader = reader
    this.#search = search
    this.#checkpointer = checkpointer
    this.#rewrite = db.prepare(
      `UPDATE batches SET bytes = ?, checksum = ?, sums = ? WHERE key = ${KEY} AND kind = ? AND checksum = ?`,
    )
    this.#saveProgress = db.prepare('INSERT OR REPLACE INTO erased (room, upto) VALUES (?, ?)')
    for (const row of db.prepare('SELECT room, CAST(upto AS REAL) AS upto FROM erased').all())
      this.#done.set(Number(row['room']), Number(row['upto']))
  }

  /** Those that have not been carried out. */
  pending(room: Room, erasures: readonly Erasure[]): readonly Erasure[] {
    const done = this.#done.get(room.key) ?? 0
    return erasures.filter(({ seq }) => seq > done)
  }

  /** Notes that the room's erasures up to the sequence `seq` are carried out, and no file holds the text of what they removed. */
  finish(room: Room, seq: number): void {
    lazyTransaction(this.#db, () => this.#saveProgress.run(room.key, seq))
    this.#done.set(room.key, seq)
  }

  /** Erases what was removed, with a pause at each `yield`. Rows that do not verify stay as they are, and are reported. */
  *erase(room: Room, erasure: Erasure): Generator<void> {
    const { from, to } = erasedRange(erasure)
    if (to - Math.max(from, room.first) >= Math.max(MANY_ENTRIES, this.#total() * MANY)) this.#search.clear()
    for (let next: number | undefined = from; next !== undefined; ) {
      const { rows, end } = this.#collect(room, erasure, Math.max(next, room.first), to)
      // Words first: where the host goes down in between, the rows still tell which they are.
      const indexed = rows.flatMap(({ removed }) => removed.filter((entry) => this.#search.has(room, entry)))
      for (let at = 0; at < indexed.length; at += STEP_ENTRIES) {
        this.#search.erase(room, indexed.slice(at, at + STEP_ENTRIES))
        yield
      }
      // Where one was trimmed meanwhile, all are looked at again.
      if (this.#save(room, rows)) next = end
      yield
    }
  }

  /** What one step rewrites, and where the next one begins. */
  #collect(room: Room, erasure: Erasure, from: number, to: number) {
    const started = performance.now()
    const rows: Rewriting[] = []
    for (const row of this.#reader.intact(room, from, to)) {
      const before = row.kind === KIND.kept ? [] : entriesOf(row)
      const entries = before.map((entry) => erasedBy(entry, erasure, digest))
      const removed = before.filter((entry, index) => entry !== entries[index])
      if (removed.length > 0) rows.push({ row, entries, removed })
      if (performance.now() - started > STEP_MS) return { rows, end: row.last + 1 }
    }
    return { rows, end: undefined }
  }

  /** Whether all of them were still there. */
  #save(room: Room, rows: readonly Rewriting[]): boolean {
    if (rows.length === 0) return true
    this.#checkpointer.wrote(rows.length * PAGES_OF_A_ROW)
    return lazyTransaction(this.#db, () => rows.every((each) => this.#saveOne(room, each)))
  }

  #saveOne({ key, name }: Room, { row, entries }: Rewriting): boolean {
    const bytes = Uint8Array.from(packEntries(new Batch(name, entries)))
    const sums = packSums(name, bytes)
    return (
      this.#rewrite.run(bytes, checksumOf({ ...row, bytes }), sums, key, row.first, row.kind, row.checksum).changes ===
      1
    )
  }

  #total(): number {
    let total = 0
    for (const { first, last } of this.#rooms.spans().values()) total += last - first + 1
    return total
  }
}
