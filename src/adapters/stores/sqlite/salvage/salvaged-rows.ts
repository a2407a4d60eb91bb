import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Room, roomChecksum } from '../room-table.ts'
import { KEY, KEY_OF_ROOM_END, KEY_OF_ROOM_START, KIND, type Row, type UncheckedRow, unpackIds } from '../row.ts'

export interface Salvaged {
  readonly rows: number
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
  #rows = 0
  #unreadable = 0

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#insertRow = db.prepare(
      `INSERT OR IGNORE INTO batches (key, last, kind, room, ids, bytes, checksum) VALUES (${KEY}, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertId = db.prepare('INSERT OR IGNORE INTO ids (room, id, seq) VALUES (?, ?, ?)')
    db.exec('BEGIN IMMEDIATE')
  }

  row(key: number, row: Row): void {
    const { first, last, kind, room, ids, bytes, checksum } = row
    const { changes } = this.#insertRow.run(key, first, last, kind, room, ids, bytes, checksum)
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

  /** A damaged row still says which numbers were given out, so that they are not given out again. */
  unreadable(key: number, row: UncheckedRow): void {
    this.#unreadable += 1
    const { first, last, bytes } = row
    if (typeof first !== 'number' || typeof last !== 'number' || !(bytes instanceof Uint8Array)) return
    if (last < first || last - first > bytes.length) return
    const list = this.#damaged.get(key) ?? []
    list.push({ first, last })
    this.#damaged.set(key, list)
  }

  finish(): Salvaged {
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
    return { rows: this.#rows, rooms: this.#rooms.size, unreadable: this.#unreadable }
  }

  #believableLast(room: Room): number {
    const damaged = (this.#damaged.get(room.key) ?? []).toSorted((one, other) => one.first - other.first)
    return damaged.reduce(
      (last, row) => (row.first - last <= BELIEVABLE_GAP ? Math.max(last, row.last) : last),
      room.last,
    )
  }
}
