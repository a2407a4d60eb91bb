import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Log } from '#domain/ports/system.ts'
import type { Room } from './room-table.ts'
import {
  isComplete,
  KEY,
  KEY_OF_ROOM_END,
  KEY_OF_ROOM_START,
  KIND,
  ROW_COLUMNS,
  type Row,
  type UncheckedRow,
  verifiedRows,
} from './rows.ts'

/** About the most in one answer, however many entries were asked for: other appends and reads wait for a few such steps. */
const STEP_BYTES = 512 * 1024
const FACT_ROWS = 256

/** Called once for each damaged place. */
export type OnDamaged = () => void

/** Reads rows, and the entries that still verify of rows whose checksum fails; each of those is reported once. */
export class Reader {
  readonly #log: Log
  readonly #onDamaged: OnDamaged
  readonly #from: StatementSync
  readonly #facts: StatementSync
  readonly #at: StatementSync
  readonly #reported = new Set<string>()

  constructor(db: DatabaseSync, log: Log, onDamaged: OnDamaged) {
    this.#log = log
    this.#onDamaged = onDamaged
    // The row that holds a sequence (the last one that starts at or below it) and those that follow. A row's kind may be damaged.
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

  /** Rows with sequences above `after` that hold `limit` entries together; at least one row when there is any. */
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

  /** Undamaged rows with sequences between `from` and `to`. Damaged ones are reported. */
  *intact(room: Room, from: number, to: number): Generator<Row> {
    for (const row of this.#from.iterate(room.key, room.key, from, room.key, room.key) as Iterable<unknown>) {
      if (Number((row as UncheckedRow).first) > to) return
      const rows = this.#check(room, row as UncheckedRow)
      if (isComplete(row as UncheckedRow, rows) && rows[0]!.last >= from) yield rows[0]!
    }
  }

  /** One page of rows with facts, from the sequence `from` on. Skips pages of nothing but damage. */
  facts(room: Room, from: number): Row[] {
    for (let next = from; ; ) {
      const found = this.#facts.all(room.key, next, room.key) as unknown as UncheckedRow[]
      // A damaged index may lead to other rows, in an endless loop.
      const page = found.filter(({ first }) => Number(first) >= next)
      const whole = page.flatMap((row) => this.#check(room, row))
      if (page.length < found.length) this.#report(room, next, [])
      if (whole.length > 0 || page.length === 0) return whole
      next = Math.max(...page.map(({ first }) => Number(first))) + 1
    }
  }

  /** One page of the rows that hold these ascending sequences; each row once. */
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

  /** Reports a row that is not whole. */
  verify(room: Room, row: UncheckedRow): void {
    this.#check(room, row)
  }

  #check(room: Room, row: UncheckedRow): readonly Row[] {
    const rows = verifiedRows(row, room.name)
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
    this.#onDamaged()
  }
}
