import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Batch } from '../../../domain/room/batch.ts'
import { isFact } from '../../../domain/room/events.ts'
import { packEntries, unpackEntries } from '../../codec/entries.ts'
import { type Checkpointer, lazyTransaction } from './connection.ts'
import { believed, packSums } from './records.ts'
import type { Room, RoomTable } from './room-table.ts'
import { checksumOf, KEY, KIND, ROW_COLUMNS, type Row, type UncheckedRow, unpackIds } from './row.ts'
import type { SearchIndex } from './search-index.ts'

const STEP_ROWS = 100
const STEP_MS = 2
/** About what forgetting a row writes beside its ids. */
const PAGES_OF_A_ROW = 4

/** Forgets old rows in short steps, so that appends are served between them. */
export class Trimmer {
  readonly #db: DatabaseSync
  readonly #rooms: RoomTable
  readonly #search: SearchIndex
  readonly #checkpointer: Checkpointer
  readonly #old: StatementSync
  readonly #next: StatementSync
  readonly #removeRow: StatementSync
  readonly #removeId: StatementSync
  readonly #keepFacts: StatementSync

  constructor(db: DatabaseSync, rooms: RoomTable, search: SearchIndex, checkpointer: Checkpointer) {
    this.#db = db
    this.#rooms = rooms
    this.#search = search
    this.#checkpointer = checkpointer
    this.#old = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE kind < 2 AND key BETWEEN ${KEY} AND ${KEY} ORDER BY key LIMIT ${STEP_ROWS}`,
    )
    this.#next = db.prepare(
      `SELECT min(key) & 0xffffffffff AS first FROM batches WHERE kind < 2 AND key BETWEEN ${KEY} AND ${KEY}`,
    )
    this.#removeRow = db.prepare(`DELETE FROM batches WHERE key = ${KEY}`)
    this.#removeId = db.prepare('DELETE FROM ids WHERE room = ? AND id = ?')
    this.#keepFacts = db.prepare(
      `UPDATE batches SET kind = ?, room = ?, last = ?, ids = NULL, bytes = ?, checksum = ?, sums = ? WHERE key = ${KEY}`,
    )
  }

  /** One step; true when there is nothing more to trim up to `upTo`. */
  step(room: Room, upTo: number): boolean {
    const { first, done } = lazyTransaction(this.#db, () => {
      // What is forgotten is overwritten, so that nobody finds it in the file, a salvage run least of all.
      this.#db.exec('PRAGMA secure_delete = ON')
      try {
        return this.#forget(room, Math.min(upTo, room.last))
      } finally {
        this.#db.exec('PRAGMA secure_delete = OFF')
      }
    })
    room.first = first
    return done
  }

  #forget(room: Room, upTo: number): { first: number; done: boolean } {
    const started = performance.now()
    const rows = this.#old.all(room.key, room.first, room.key, upTo) as unknown as UncheckedRow[]
    let done = rows.length < STEP_ROWS
    let after = room.first - 1
    for (const row of rows) {
      const believable = believed(row, room.name)
      const last = believable.at(-1)?.last ?? Number(row.first)
      if (last > upTo) {
        done = true
        break
      }
      this.#forgetRow(room, Number(row.first), believable)
      after = last
      if (performance.now() - started > STEP_MS) {
        done = false
        break
      }
    }
    const next = this.#next.get(room.key, after + 1, room.key, room.last)?.['first']
    const first = Math.max(room.first, typeof next === 'number' ? next : room.last + 1)
    this.#rooms.save({ ...room, first })
    return { first, done }
  }

  #forgetRow(room: Room, first: number, believable: readonly Row[]): void {
    for (const row of believable) {
      const ids = unpackIds(row.ids)
      for (const [id] of ids) this.#removeId.run(room.key, id)
      this.#checkpointer.wrote(ids.length + PAGES_OF_A_ROW)
      this.#search.forget(room, row)
    }
    const facts = believable.flatMap(({ kind, bytes }) =>
      kind === KIND.chat ? [] : unpackEntries(room.name, bytes).entries.filter(isFact),
    )
    if (facts.length === 0) this.#removeRow.run(room.key, first)
    else this.#keep(room, { first, last: believable.at(-1)!.last, bytes: packEntries(new Batch(room.name, facts)) })
  }

  #keep(room: Room, { first, last, bytes }: Pick<Row, 'first' | 'last' | 'bytes'>): void {
    const kept = { first, last, kind: KIND.kept, room: room.name, ids: null, bytes: Uint8Array.from(bytes) }
    const sums = packSums(room.name, kept.bytes)
    this.#keepFacts.run(kept.kind, kept.room, last, kept.bytes, checksumOf(kept), sums, room.key, first)
  }
}
