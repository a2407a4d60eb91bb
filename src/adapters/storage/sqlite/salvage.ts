import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { PAGE_SIZE } from './database.ts'
import { type Cell, type PageOf, readLeaf, type WalScan } from './file-format.ts'
import { type Room, roomChecksum } from './room-table.ts'
import {
  isWhole,
  KEY,
  KEY_OF_ROOM_END,
  KEY_OF_ROOM_START,
  KIND,
  type Row,
  type UncheckedRow,
  unpackIds,
  verifiedRows,
} from './rows.ts'

/**
 * Copies every entry that still verifies from a damaged database file and its log into `target`, a fresh database. It reads pages, not
 * trees: a row is found when its own page is intact, whatever happened to the pages that lead to it.
 */
export const salvage = (file: string, wal: WalScan | undefined, target: DatabaseSync): Salvaged => {
  const fd = openSync(file, 'r')
  try {
    const frames = wal?.frames ?? []
    const newest = new Map(frames.map((frame) => [frame.page, frame.bytes]))
    const count = Math.floor(fstatSync(fd).size / PAGE_SIZE)
    const fromFile: PageOf = (page) => {
      const bytes = Buffer.alloc(PAGE_SIZE)
      return readSync(fd, bytes, 0, PAGE_SIZE, (page - 1) * PAGE_SIZE) === 0 ? undefined : bytes
    }
    const pageOf: PageOf = (page) => newest.get(page) ?? (page <= count + 1 ? fromFile(page) : undefined)
    const salvaged = new SalvagedRows(target)
    const taking = {
      accept: (cell: Cell) => acceptCell(cell, salvaged),
      leave: (cell: Cell) => leaveCell(cell, salvaged),
    }
    // Newest first: of a rewritten row the first version found stays.
    for (const frame of frames.toReversed()) readLeaf(frame.bytes, frame.page, pageOf, taking)
    for (let page = 1; page <= count + 1; page += 1) {
      const bytes = fromFile(page)
      if (bytes !== undefined) readLeaf(bytes, page, pageOf, taking)
    }
    return salvaged.finish()
  } finally {
    closeSync(fd)
  }
}

const acceptCell = ({ rowid, values }: Cell, salvaged: SalvagedRows): boolean => {
  if (values.length === 5) {
    const room = toRoom(Number(rowid), values)
    if (room !== undefined) salvaged.room(room)
    return room !== undefined
  }
  const row = toRow(rowid, values)
  if (row === undefined || !isWhole(row)) return false
  salvaged.row(Number(rowid >> 40n), row satisfies Row)
  return true
}

const leaveCell = ({ rowid, values }: Cell, salvaged: SalvagedRows): void => {
  const row = toRow(rowid, values)
  if (row !== undefined) salvaged.unreadable(Number(rowid >> 40n), row)
}

/** Rows of schema 1 have no sums. */
const toRow = (rowid: bigint, values: Cell['values']): UncheckedRow | undefined => {
  if (values.length !== 7 && values.length !== 8) return undefined
  const [, last, kind, room, ids, bytes, checksum, sums = null] = values
  return { first: Number(rowid & 0xff_ffff_ffffn), last, kind, room, ids, bytes, checksum, sums }
}

const toRoom = (key: number, values: Cell['values']): Room | undefined => {
  const [, name, first, last, checksum] = values
  if (typeof name !== 'string' || typeof first !== 'number' || typeof last !== 'number') return undefined
  const room = { key, name, first, last }
  return checksum === roomChecksum(room) ? room : undefined
}

export interface Salvaged {
  readonly rows: number
  /** Rows with only some verified entries. */
  readonly partly: number
  readonly rooms: number
  /** Places that look like rows and do not verify; one row may count several times. */
  readonly unreadable: number
}

const ROWS_PER_TRANSACTION = 2000
/** The largest gap between the verified rows and a damaged one whose number is still trusted. */
const TRUSTED_GAP = 10_000

interface FoundRoom {
  readonly key: number
  /** 0 until the room's row is found. */
  first: number
  last: number
}

interface Doubtful {
  readonly key: number
  readonly row: UncheckedRow
}

/** The findings of a salvage so far, in the fresh database. Rooms are identified by name: the keys of rows have no checksum. */
class SalvagedRows {
  readonly #db: DatabaseSync
  readonly #insertRow: StatementSync
  readonly #insertId: StatementSync
  readonly #hasRow: StatementSync
  readonly #rooms = new Map<string, FoundRoom>()
  /** Names of rooms by their old keys. */
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

  /** The room's row, which knows how far the room was trimmed; the first one found counts. */
  room({ key, name, first, last }: Room): void {
    const room = this.#room(key, name)
    room.first ||= first
    room.last = Math.max(room.last, last)
  }

  /** Its verified entries are saved after all intact rows. Its numbers count as given out, so that they are not given out again. */
  unreadable(key: number, row: UncheckedRow): void {
    this.#doubtful.push({ key, row })
  }

  finish(): Salvaged {
    const partly = this.#doubtful.filter((each) => this.#saveVerified(each)).length
    const lowest = this.#db.prepare(
      `SELECT min(key) & 0xffffffffff AS first FROM batches WHERE kind < ${KIND.kept} AND key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY_OF_ROOM_END}`,
    )
    const forget = this.#db.prepare(
      `DELETE FROM batches WHERE kind < ${KIND.kept} AND key >= ${KEY_OF_ROOM_START} AND key < ${KEY}`,
    )
    const save = this.#db.prepare('INSERT INTO rooms (key, name, first, last, checksum) VALUES (?, ?, ?, ?, ?)')
    for (const [name, room] of this.#rooms) {
      const first = room.first || Number(lowest.get(room.key, room.key)?.['first'] ?? room.last + 1)
      // Old versions of a page may hold rows that were trimmed since.
      this.#rows -= Number(forget.run(room.key, room.key, first).changes)
      const last = this.#trustedLast(name, room.last)
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

  #saveVerified({ key, row }: Doubtful): boolean {
    for (const name of [this.#names.get(key), row.room]) {
      if (typeof name !== 'string') continue
      const room = this.#rooms.get(name)
      // The same row was found intact in another version of its page.
      if (room !== undefined && this.#hasRow.get(room.key, Number(row.first)) !== undefined) return false
      const rows = verifiedRows(row, name)
      for (const each of rows) this.row(key, each)
      if (rows.length > 0) return true
    }
    return false
  }

  #trustedLast(name: string, lastOfRows: number): number {
    const damaged = this.#doubtful.flatMap(({ key, row: { room, first, last, bytes } }) => {
      if ((this.#names.get(key) ?? room) !== name || !(bytes instanceof Uint8Array)) return []
      if (typeof first !== 'number' || typeof last !== 'number') return []
      return last < first || last - first > bytes.length ? [] : [{ first, last }]
    })
    return damaged
      .toSorted((one, other) => one.first - other.first)
      .reduce((last, row) => (row.first - last <= TRUSTED_GAP ? Math.max(last, row.last) : last), lastOfRows)
  }
}
