import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import type { RetainedFacts } from '#domain/room/retained-facts.ts'
import { packEntries, unpackEntries } from '#protocol/journal-format.ts'
import { type Checkpointer, lazyTransaction } from './database.ts'
import type { Room, RoomTable } from './room-table.ts'
import {
  checksumOf,
  KEY,
  KEY_OF_ROOM_END,
  KIND,
  packSums,
  ROW_COLUMNS,
  type Row,
  type UncheckedRow,
  unpackIds,
  verifiedRows,
} from './rows.ts'
import type { SearchIndex } from './search-index.ts'

const STEP_ROWS = 100
const STEP_MS = 2
/** About how many pages trimming a row writes beside its ids. */
const PAGES_OF_A_ROW = 4

/** Removes old rows in short steps, so that appends are served between them. */
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
    this.#keepFacts = db.prepare(
      `UPDATE batches SET kind = ?, room = ?, last = ?, ids = NULL, bytes = ?, checksum = ?, sums = ? WHERE key = ${KEY}`,
    )
  }

  /** The room's facts in order; undefined marks each point for a pause. */
  *facts(room: Room): Generator<Entry | undefined> {
    let started = performance.now()
    for (let next = 0; ; ) {
      const rows = this.#facts.all(room.key, next, room.key) as unknown as UncheckedRow[]
      for (const row of rows) {
        for (const { bytes } of verifiedRows(row, room.name))
          yield* unpackEntries(room.name, bytes).entries.filter(isFact)
        next = Number(row.first) + 1
        if (performance.now() - started < STEP_MS) continue
        yield undefined
        started = performance.now()
      }
      if (rows.length < STEP_ROWS) return
    }
  }

  /** One step; true when everything up to `upTo` is trimmed. The retained facts among it are kept. */
  step(room: Room, upTo: number, lasting: RetainedFacts): boolean {
    const { first, done } = this.#overwriting(() => this.#trim(room, Math.min(upTo, room.last), lasting))
    room.first = first
    return done
  }

  /** One step through the facts kept earlier, from the sequence `from` on; answers the start of the next step, undefined at the end. */
  tidy(room: Room, from: number, lasting: RetainedFacts): number | undefined {
    return this.#overwriting(() => {
      const started = performance.now()
      const rows = this.#kept.all(room.key, from, room.key, room.first) as unknown as UncheckedRow[]
      let next = from
      for (const row of rows) {
        const verified = verifiedRows(row, room.name)
        // An unreadable row stays as it is, for the next start to verify.
        if (verified.length > 0) this.#keep(room, Number(row.first), verified, lasting)
        next = Number(row.first) + 1
        if (performance.now() - started > STEP_MS) return next
      }
      return rows.length < STEP_ROWS ? undefined : next
    })
  }

  /** Removed entries are overwritten, so that nobody finds them in the file, above all no salvage. */
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

  #trim(room: Room, upTo: number, lasting: RetainedFacts): { first: number; done: boolean } {
    const started = performance.now()
    const rows = this.#old.all(room.key, room.first, room.key, upTo) as unknown as UncheckedRow[]
    let done = rows.length < STEP_ROWS
    let after = room.first - 1
    for (const row of rows) {
      const verified = verifiedRows(row, room.name)
      const last = verified.at(-1)?.last ?? Number(row.first)
      if (last > upTo) {
        done = true
        break
      }
      this.#trimRow(room, Number(row.first), verified, lasting)
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

  #trimRow(room: Room, first: number, verified: readonly Row[], lasting: RetainedFacts): void {
    for (const row of verified) {
      const ids = unpackIds(row.ids)
      for (const [id] of ids) this.#removeId.run(room.key, id)
      this.#checkpointer.wrote(ids.length + PAGES_OF_A_ROW)
      this.#search.forget(room, row)
    }
    this.#keep(room, first, verified, lasting)
  }

  /** Keeps the retained facts of the verified rows stored under `first`. */
  #keep(room: Room, first: number, verified: readonly Row[], lasting: RetainedFacts): void {
    const entries = verified.flatMap(({ kind, bytes }) =>
      kind === KIND.chat ? [] : unpackEntries(room.name, bytes).entries,
    )
    const facts = entries.filter((entry) => isFact(entry) && lasting.has(entry.seq))
    if (facts.length === 0) {
      this.#removeRow.run(room.key, first)
      return
    }
    const [row] = verified
    if (verified.length === 1 && row?.kind === KIND.kept && facts.length === entries.length) return
    const last = verified.at(-1)!.last
    const bytes = Uint8Array.from(packEntries(new Batch(room.name, facts)))
    const kept = { first, last, kind: KIND.kept, room: room.name, ids: null, bytes }
    const sums = packSums(room.name, bytes)
    this.#keepFacts.run(kept.kind, kept.room, last, bytes, checksumOf(kept), sums, room.key, first)
  }
}
