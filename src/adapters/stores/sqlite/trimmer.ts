import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Batch } from '../../../domain/room/batch.ts'
import { type Entry, isFact } from '../../../domain/room/events.ts'
import type { LastingFacts } from '../../../domain/room/lasting.ts'
import { packEntries, unpackEntries } from '../../codec/entries.ts'
import { type Checkpointer, lazyTransaction } from './connection.ts'
import type { Room, RoomTable } from './room-table.ts'
import {
  checksumOf,
  isWhole,
  KEY,
  KEY_OF_ROOM_END,
  KIND,
  ROW_COLUMNS,
  type Row,
  type UncheckedRow,
  unpackIds,
} from './row.ts'
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
  readonly #facts: StatementSync
  readonly #kept: StatementSync

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
    this.#facts = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE kind > 0 AND key BETWEEN ${KEY} AND ${KEY_OF_ROOM_END} ORDER BY key LIMIT ${STEP_ROWS}`,
    )
    this.#kept = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE kind = ${KIND.kept} AND key BETWEEN ${KEY} AND ${KEY} ORDER BY key LIMIT ${STEP_ROWS}`,
    )
    this.#keepFacts = db.prepare(`UPDATE batches SET kind = ?, ids = NULL, bytes = ?, checksum = ? WHERE key = ${KEY}`)
  }

  /** The room's facts, in order; undefined each time that others should be let in between. */
  *facts(room: Room): Generator<Entry | undefined> {
    let started = performance.now()
    for (let next = 0; ; ) {
      const rows = this.#facts.all(room.key, next, room.key) as unknown as UncheckedRow[]
      for (const row of rows) {
        if (isWhole(row)) yield* unpackEntries(room.name, row.bytes).entries.filter(isFact)
        next = Number(row.first) + 1
        if (performance.now() - started < STEP_MS) continue
        yield undefined
        started = performance.now()
      }
      if (rows.length < STEP_ROWS) return
    }
  }

  /** One step; true when there is nothing more to trim up to `upTo`. Of what is trimmed, the facts that last are kept. */
  step(room: Room, upTo: number, lasting: LastingFacts): boolean {
    const { first, done } = this.#overwriting(() => this.#forget(room, Math.min(upTo, room.last), lasting))
    room.first = first
    return done
  }

  /** One step through what was kept before, from the sequence `from` on; answers where the next begins, undefined at the end. */
  tidy(room: Room, from: number, lasting: LastingFacts): number | undefined {
    return this.#overwriting(() => {
      const started = performance.now()
      const rows = this.#kept.all(room.key, from, room.key, room.first) as unknown as UncheckedRow[]
      let next = from
      for (const row of rows) {
        if (isWhole(row)) this.#keep(room, row, lasting)
        next = Number(row.first) + 1
        if (performance.now() - started > STEP_MS) return next
      }
      return rows.length < STEP_ROWS ? undefined : next
    })
  }

  /** What is forgotten is overwritten, so that nobody finds it in the file, a salvage run least of all. */
  #overwriting<T>(write: () => T): T {
    return lazyTransaction(this.#db, () => {
      this.#db.exec('PRAGMA secure_delete = ON')
      try {
        return write()
      } finally {
        this.#db.exec('PRAGMA secure_delete = OFF')
      }
    })
  }

  #forget(room: Room, upTo: number, lasting: LastingFacts): { first: number; done: boolean } {
    const started = performance.now()
    const rows = this.#old.all(room.key, room.first, room.key, upTo) as unknown as UncheckedRow[]
    let done = rows.length < STEP_ROWS
    let after = room.first - 1
    for (const row of rows) {
      const last = isWhole(row) ? row.last : Number(row.first)
      if (last > upTo) {
        done = true
        break
      }
      this.#forgetRow(room, row, lasting)
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

  #forgetRow(room: Room, row: UncheckedRow, lasting: LastingFacts): void {
    if (!isWhole(row)) {
      this.#removeRow.run(room.key, Number(row.first))
      return
    }
    const ids = unpackIds(row.ids)
    for (const [id] of ids) this.#removeId.run(room.key, id)
    this.#checkpointer.wrote(ids.length + PAGES_OF_A_ROW)
    this.#search.forget(room, row)
    if (row.kind === KIND.chat) this.#removeRow.run(room.key, row.first)
    else this.#keep(room, row, lasting)
  }

  #keep(room: Room, row: Row, lasting: LastingFacts): void {
    const { entries } = unpackEntries(room.name, row.bytes)
    const facts = new Batch(
      room.name,
      entries.filter((entry) => isFact(entry) && lasting.has(entry.seq)),
    )
    if (row.kind === KIND.kept && facts.entries.length === entries.length) return
    if (facts.entries.length === 0) {
      this.#removeRow.run(room.key, row.first)
      return
    }
    const kept = { ...row, kind: KIND.kept, ids: null, bytes: packEntries(facts) }
    this.#keepFacts.run(kept.kind, kept.bytes, checksumOf(kept), room.key, row.first)
  }
}
