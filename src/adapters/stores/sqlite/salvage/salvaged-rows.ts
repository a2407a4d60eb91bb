import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { believed } from '../records.ts'
import { type Room, roomChecksum } from '../room-table.ts'
import { KEY, KEY_OF_ROOM_END, KEY_OF_ROOM_START, KIND, type Row, type UncheckedRow, unpackIds } from '../row.ts'

export interface Salvaged {
  readonly rows: number
  /** Rows of which only some entries verified. */
  readonly partly: number
  readonly rooms: number
  /** Places that look like rows and do not verify; one row may have several. */
  readonly unreadable: number
}

const ROWS_PER_TRANSACTION = 2000
/** How far above the rows that verify a damaged one may lie and still be taken at its word about its number. */
const BELIEVABLE_GAP = 10_000

/** What a salvage run has found so far, in the fresh database. */
export class SalvagedRows {
  readonly #db: DatabaseSync
  readonly #insertRow: StatementSync
  readonly #insertId: StatementSync
  readonly #rooms = new Map<number, Room>()
  readonly #damaged = new Map<number, { first: number; last: number }[]>()
  readonly #doubtful: { readonly key: number; readonly row: UncheckedRow }[] = []
  readonly #hasRow: StatementSync
  #rows = 0
  #unreadable = 0

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#insertRow = db.prepare(
      `INSERT OR IGNORE INTO batches (key, last, kind, room, ids, bytes, checksum, sums) VALUES (${KEY}, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertId = db.prepare('INSERT OR IGNORE INTO ids (room, id, seq) VALUES (?, ?, ?)')
    this.#hasRow = db.prepare(`SELECT 1 FROM batches WHERE key = ${KEY}`)
    db.exec('BEGIN IMMEDIATE')
  }

  row(key: number, row: Row): void {
    const { first, last, kind, room, ids, bytes, checksum, sums } = row
    const { changes } = this.#insertRow.run(key, first, last, kind, room, ids, bytes, checksum, sums)
    if (changes === 0) return
    for (const [id, seq] of unpackIds(ids)) this.#insertId.run(key, id, seq)
    const known = this.#rooms.get(key)
    if (known === undefined) this.#rooms.set(key, { key, name: room, first: 0, last })
    else known.last = Math.max(known.last, last)
    this.#rows += 1
    if (this.#rows % ROWS_PER_TRANSACTION === 0) this.#db.exec('COMMIT; BEGIN IMMEDIATE')
  }

  /** The room's own row, which knows how far it was trimmed; the first one found counts. */
  room(room: Room): void {
    const known = this.#rooms.get(room.key)
    if (known === undefined) this.#rooms.set(room.key, room)
    else if (known.first === 0) this.#rooms.set(room.key, { ...room, last: Math.max(room.last, known.last) })
  }

  /** What of it verifies is saved when all whole rows are. It still says which numbers were given out, so that they are not given out again. */
  unreadable(key: number, row: UncheckedRow): void {
    this.#unreadable += 1
    this.#doubtful.push({ key, row })
    const { first, last, bytes } = row
    if (typeof first !== 'number' || typeof last !== 'number' || !(bytes instanceof Uint8Array)) return
    if (last < first || last - first > bytes.length) return
    const list = this.#damaged.get(key) ?? []
    list.push({ first, last })
    this.#damaged.set(key, list)
  }

  finish(): Salvaged {
    const partly = this.#doubtful.filter(({ key, row }) => this.#saveWhatVerifies(key, row)).length
    const lowest = this.#db.prepare(
      `SELECT min(key) & 0xffffffffff AS first FROM batches WHERE kind < ${KIND.kept} AND key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY_OF_ROOM_END}`,
    )
    const forget = this.#db.prepare(
      `DELETE FROM batches WHERE kind < ${KIND.kept} AND key >= ${KEY_OF_ROOM_START} AND key < ${KEY}`,
    )
    const save = this.#db.prepare('INSERT INTO rooms (key, name, first, last, checksum) VALUES (?, ?, ?, ?, ?)')
    for (const room of this.#rooms.values()) {
      const first = room.first || Number(lowest.get(room.key, room.key)?.['first'] ?? room.last + 1)
      // Old versions of a page may show what has been trimmed since.
      this.#rows -= Number(forget.run(room.key, room.key, first).changes)
      const last = this.#believableLast(room)
      save.run(room.key, room.name, first, last, roomChecksum({ name: room.name, first, last }))
    }
    this.#db.exec('COMMIT')
    return { rows: this.#rows, partly, rooms: this.#rooms.size, unreadable: this.#unreadable }
  }

  #saveWhatVerifies(key: number, row: UncheckedRow): boolean {
    // The same row is there whole, from another version of its page.
    if (this.#hasRow.get(key, Number(row.first)) !== undefined) return false
    const name = this.#rooms.get(key)?.name ?? row.room
    const rows = typeof name === 'string' ? believed(row, name) : []
    for (const each of rows) this.row(key, each)
    return rows.length > 0
  }

  #believableLast(room: Room): number {
    const damaged = (this.#damaged.get(room.key) ?? []).toSorted((one, other) => one.first - other.first)
    return damaged.reduce(
      (last, row) => (row.first - last <= BELIEVABLE_GAP ? Math.max(last, row.last) : last),
      room.last,
    )
  }
}
