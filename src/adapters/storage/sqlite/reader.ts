import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Log } from '#domain/ports/system.ts'
import type { StoredRows } from './messages.ts'
import { believed, isComplete } from './records.ts'
import type { Room } from './room-table.ts'
import { KEY, KEY_OF_ROOM_END, KEY_OF_ROOM_START, KIND, ROW_COLUMNS, type Row, type UncheckedRow } from './row.ts'

/** One answer holds no more than about this, however many entries were asked for: others' appends and reads are behind a few such steps. */
const STEP_BYTES = 512 * 1024
const FACT_ROWS = 256

/** Hears of a damaged place when it is met first. */
export type Noticed = () => void

/** Reads rows, and of those whose checksum fails what still verifies, saying so once for each. */
export class Reader {
  readonly #log: Log
  readonly #noticed: Noticed
  readonly #from: StatementSync
  readonly #facts: StatementSync
  readonly #at: StatementSync
  readonly #reported = new Set<string>()

  constructor(db: DatabaseSync, log: Log, noticed: Noticed) {
    this.#log = log
    this.#noticed = noticed
    // From the row that holds a sequence on: the last one that starts at or below it, and what follows. A row's kind may be damaged.
    this.#from = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE key >= coalesce(
         (SELECT max(key) FROM batches WHERE key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY}), ${KEY_OF_ROOM_START})
       AND key <= ${KEY_OF_ROOM_END} ORDER BY key`,
    )
    this.#facts = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE kind > 0 AND key BETWEEN ${KEY} AND ${KEY_OF_ROOM_END} ORDER BY key LIMIT ${FACT_ROWS}`,
    )
    this.#at = db.prepare(
      `SELECT ${ROW_COLUMNS} FROM batches WHERE key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY} ORDER BY key DESC LIMIT 1`,
    )
  }

  /** Rows with sequences above `after` that hold `limit` entries together, at least one row where there is one. */
  read(room: Room, after: number, limit: number): Row[] {
    const found: Row[] = []
    let entries = 0
    let bytes = 0
    for (const row of this.whole(room, after)) {
      found.push(row)
      entries += row.last - row.first + 1
      bytes += row.bytes.length
      if (entries >= limit || bytes >= STEP_BYTES) break
    }
    return found
  }

  *whole(room: Room, after: number): Generator<Row> {
    for (const row of this.#from.iterate(room.key, room.key, after + 1, room.key, room.key) as Iterable<unknown>) {
      for (const whole of this.#check(room, row as UncheckedRow))
        if (whole.last > after && whole.kind !== KIND.kept) yield whole
    }
  }

  /** One page of rows with facts, from the sequence `from` on. Skips pages that hold nothing but damage. */
  facts(room: Room, from: number): Row[] {
    for (let next = from; ; ) {
      const found = this.#facts.all(room.key, next, room.key) as unknown as UncheckedRow[]
      // A damaged index leads to rows of elsewhere, and without end.
      const page = found.filter(({ first }) => Number(first) >= next)
      const whole = page.flatMap((row) => this.#check(room, row))
      if (page.length < found.length) this.#report(room, next, [])
      if (whole.length > 0 || page.length === 0) return whole
      next = Math.max(...page.map(({ first }) => Number(first))) + 1
    }
  }

  /** One page of the rows that hold these sequences, which rise; each row once. */
  holding(room: Room, seqs: readonly number[]): Row[] {
    const found: Row[] = []
    let bytes = 0
    for (const seq of seqs) {
      const newest = found.at(-1)
      if (newest !== undefined && seq <= newest.last) continue
      bytes += newest?.bytes.length ?? 0
      if (bytes >= STEP_BYTES) break
      const row = this.#at.get(room.key, room.key, seq) as UncheckedRow | undefined
      const whole = row === undefined ? [] : this.#check(room, row)
      found.push(...whole.filter(({ first, last, kind }) => first <= seq && seq <= last && kind !== KIND.kept))
    }
    return found
  }

  #check(room: Room, row: UncheckedRow): readonly Row[] {
    const rows = believed(row, room.name)
    if (!isComplete(row, rows)) this.#report(room, Number(row.first), rows)
    return rows
  }

  #report(room: Room, first: number, left: readonly Row[]): void {
    const place = `${room.key}:${first}`
    if (this.#reported.has(place)) return
    this.#reported.add(place)
    const entries = left.reduce((sum, row) => sum + row.last - row.first + 1, 0)
    const fields = { room: room.name, first, entriesLeft: entries, damagedRows: this.#reported.size }
    this.#log.error('a stored batch fails its checksum: what of it does not verify is left out', fields)
    this.#noticed()
  }
}

/** Puts the rows' bytes into one buffer, which can be moved to another thread. */
export const toStoredRows = (rows: readonly Row[]): StoredRows => {
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.bytes.length, 0))
  let at = 0
  for (const row of rows) {
    bytes.set(row.bytes, at)
    at += row.bytes.length
  }
  return { rows: rows.map(({ first, last, bytes: { length } }) => ({ first, last, length })), bytes }
}
