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

interface FoundRoom {
  readonly key: number
  /** 0 until the room's own row is found. */
  first: number
  last: number
}

interface Doubtful {
  readonly key: number
  readonly row: UncheckedRow
}

/** What a salvage run has found so far, in the fresh database. Rooms go by their names: the keys that rows lie under have no checksum. */
export class SalvagedRows {
  readonly #db: DatabaseSync
  readonly #insertRow: StatementSync
  readonly #insertId: StatementSync
  readonly #hasRow: StatementSync
  readonly #rooms = new Map<string, FoundRoom>()
  /** The names of rooms by the keys that they had. */
  readonly #names = new Map<number, string>()
  readonly #doubtful: Doubtful[] = []
  #rows = 0

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#insertRow = db.prepare(
      `INSERT OR IGNORE INTO batches (key, last, kind, room, ids, bytes, checksum, sums) VALUES (${KEY}, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertId = db.prepare('INSERT OR IGNORE INTO ids (room, id, seq) VALUES (?, ?, ?)')
    this.#hasRow = db.prepare(`SELECT 1 FROM batches WHERE key = ${KEY}`)
    db.exec('BEGIN IMMEDIATE')
  }

  row(oldKey: number, row: Row): void {
    const { first, last, kind, room: name, ids, bytes, checksum, sums } = row
    const room = this.#room(oldKey, name)
    const { changes } = this.#insertRow.run(room.key, first, last, kind, name, ids, bytes, checksum, sums)
    if (changes === 0) return
    for (const [id, seq] of unpackIds(ids)) this.#insertId.run(room.key, id, seq)
    room.last = Math.max(room.last, last)
    this.#rows += 1
    if (this.#rows % ROWS_PER_TRANSACTION === 0) this.#db.exec('COMMIT; BEGIN IMMEDIATE')
  }

  /** The room's own row, which knows how far it was trimmed; the first one found counts. */
  room({ key, name, first, last }: Room): void {
    const room = this.#room(key, name)
    room.first ||= first
    room.last = Math.max(room.last, last)
  }

  /** What of it verifies is saved when all whole rows are. It still says which numbers were given out, so that they are not given out again. */
  unreadable(key: number, row: UncheckedRow): void {
    this.#doubtful.push({ key, row })
  }

  finish(): Salvaged {
    const partly = this.#doubtful.filter((each) => this.#saveWhatVerifies(each)).length
    const lowest = this.#db.prepare(
      `SELECT min(key) & 0xffffffffff AS first FROM batches WHERE kind < ${KIND.kept} AND key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY_OF_ROOM_END}`,
    )
    const forget = this.#db.prepare(
      `DELETE FROM batches WHERE kind < ${KIND.kept} AND key >= ${KEY_OF_ROOM_START} AND key < ${KEY}`,
    )
    const save = this.#db.prepare('INSERT INTO rooms (key, name, first, last, checksum) VALUES (?, ?, ?, ?, ?)')
    for (const [name, room] of this.#rooms) {
      const first = room.first || Number(lowest.get(room.key, room.key)?.['first'] ?? room.last + 1)
      // Old versions of a page may show what has been trimmed since.
      this.#rows -= Number(forget.run(room.key, room.key, first).changes)
      const last = this.#believableLast(name, room.last)
      save.run(room.key, name, first, last, roomChecksum({ name, first, last }))
    }
    this.#db.exec('COMMIT')
    return { rows: this.#rows, partly, rooms: this.#rooms.size, unreadable: this.#doubtful.length }
  }

  #room(oldKey: number, name: string): FoundRoom {
    if (!this.#names.has(oldKey)) this.#names.set(oldKey, name)
    const found = this.#rooms.get(name) ?? { key: this.#rooms.size + 1, first: 0, last: 0 }
    this.#rooms.set(name, found)
    return found
  }

  #saveWhatVerifies({ key, row }: Doubtful): boolean {
    for (const name of [this.#names.get(key), row.room]) {
      if (typeof name !== 'string') continue
      const room = this.#rooms.get(name)
      // The same row is there whole, from another version of its page.
      if (room !== undefined && this.#hasRow.get(room.key, Number(row.first)) !== undefined) return false
      const rows = believed(row, name)
      for (const each of rows) this.row(key, each)
      if (rows.length > 0) return true
    }
    return false
  }

  #believableLast(name: string, lastOfRows: number): number {
    const damaged = this.#doubtful.flatMap(({ key, row: { room, first, last, bytes } }) => {
      if ((this.#names.get(key) ?? room) !== name || !(bytes instanceof Uint8Array)) return []
      if (typeof first !== 'number' || typeof last !== 'number') return []
      return last < first || last - first > bytes.length ? [] : [{ first, last }]
    })
    return damaged
      .toSorted((one, other) => one.first - other.first)
      .reduce((last, row) => (row.first - last <= BELIEVABLE_GAP ? Math.max(last, row.last) : last), lastOfRows)
  }
}
