import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { Span } from '#domain/ports/journal.ts'
import { isWhole, KEY_OF_ROOM_END, KEY_OF_ROOM_START, ROW_COLUMNS, type UncheckedRow } from './rows.ts'

export interface Room {
  readonly key: number
  readonly name: string
  /** The first sequence that has not been trimmed. */
  first: number
  last: number
}

/** The `last` of a room's row matters only when its newest batches are trimmed or lost. */
export const roomChecksum = (room: Omit<Room, 'key'>): number => crc32(`${room.name}\n${room.first}\n${room.last}`)

/** All rooms, by name and by key. Knows the newest sequence of each without asking the database. */
export class RoomTable {
  readonly #byName = new Map<string, Room>()
  readonly #byKey = new Map<number, Room>()
  readonly #save: StatementSync
  #newest = 0

  constructor(db: DatabaseSync) {
    this.#save = db.prepare('INSERT OR REPLACE INTO rooms (key, name, first, last, checksum) VALUES (?, ?, ?, ?, ?)')
  }

  get(name: string): Room | undefined {
    return this.#byName.get(name)
  }

  withKey(key: number): Room | undefined {
    return this.#byKey.get(key)
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  spans(): ReadonlyMap<string, Span> {
    return new Map(Array.from(this.#byName, ([name, { first, last }]) => [name, { first, last }]))
  }

  keys(): number[] {
    return [...this.#byKey.keys()]
  }

  /** A room that is not in the table yet. Call `save` within the transaction and `add` after it. */
  draft(name: string, offset: number): Room {
    return { key: this.#newest + 1 + offset, name, first: 1, last: 0 }
  }

  save(room: Room): void {
    this.#save.run(room.key, room.name, room.first, room.last, roomChecksum(room))
  }

  add(room: Room): void {
    this.#byName.set(room.name, room)
    this.#byKey.set(room.key, room)
    this.#newest = Math.max(this.#newest, room.key)
  }
}

/** Keys of rooms are signed numbers of 24 bits. */
const LEAST_KEY = -0x80_0000
const MOST_KEY = 0x7f_ffff

/** Fills the table from the database; answers the damage of a room's row or of its newest batch. */
export const loadRooms = (db: DatabaseSync, table: RoomTable): string | undefined => {
  const newest = db.prepare(
    `SELECT ${ROW_COLUMNS} FROM batches WHERE key BETWEEN ${KEY_OF_ROOM_START} AND ${KEY_OF_ROOM_END} ORDER BY key DESC LIMIT 1`,
  )
  const rooms = db.prepare(
    'SELECT key, name, CAST(first AS REAL) AS first, CAST(last AS REAL) AS last, CAST(checksum AS REAL) AS checksum FROM rooms',
  )
  for (const row of rooms.all()) {
    const room = {
      key: Number(row['key']),
      name: String(row['name']),
      first: Number(row['first']),
      last: Number(row['last']),
    }
    if (row['checksum'] !== roomChecksum(room)) return 'the row of a room fails its checksum'
    const batch = newest.get(room.key, room.key) as UncheckedRow | undefined
    if (batch !== undefined) {
      if (!isWhole(batch)) return 'the newest row of a room fails its checksum'
      if (batch.room !== room.name) return 'a room and its newest row have different names'
      room.last = Math.max(room.last, batch.last)
    }
    table.add(room)
  }
  return hasStrays(db, table) ? 'there are rows of no room' : undefined
}

/** Looks up each room that has rows, not each row. */
function hasStrays(db: DatabaseSync, table: RoomTable): boolean {
  const next = db.prepare(`SELECT CAST(min(key) >> 40 AS REAL) AS room FROM batches WHERE key >= ${KEY_OF_ROOM_START}`)
  for (let room = LEAST_KEY; room <= MOST_KEY; room++) {
    const found = next.get(room)?.['room']
    if (typeof found !== 'number') return false
    if (table.withKey(found) === undefined) return true
    room = found
  }
  return false
}
