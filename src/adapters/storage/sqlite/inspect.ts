import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Erasure, erasedBy, isErasure } from '#domain/room/erasure.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { initialState, type RoomState } from '#domain/room/state.ts'
import { connect, SCHEMA_VERSION, schemaIsIntact, schemaVersion, treeDamage } from './database.ts'
import { DATABASE_FILE } from './journal-files.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { entriesOf, isComplete, KIND, ROW_COLUMNS, type UncheckedRow, verifiedRows } from './rows.ts'

/** The findings of an inspection. */
export interface Inspection {
  readonly rooms: number
  readonly entries: number
  /** Sequences without an entry in the rooms' histories: damaged now, or lost in an earlier salvage. */
  readonly missing: number
  /** Messages that were removed and still have their text. */
  readonly unerased: number
  /** Stored batches whose checksum fails. */
  readonly damagedRows: number
  /** Damage of the database as a whole; undefined when it is intact. */
  readonly damage: string | undefined
  /** The time of the newest entry, in milliseconds since 1970. */
  readonly newestAt: number | undefined
  /** The complete files of all rooms, by id. */
  readonly files: ReadonlyMap<string, WholeFile>
  /** The same by room, with its rules, the oldest first. `at` is when it was whole, in milliseconds since 1970. */
  readonly filesOf: ReadonlyMap<string, RoomFiles>
}

export interface RoomFiles extends Pick<RoomState, 'rules'> {
  readonly files: readonly { readonly file: WholeFile; readonly at: number }[]
}

/** Reads the whole journal in a directory that the caller has locked; changes and repairs nothing. */
export function inspectJournal(directory: string): Inspection {
  const file = join(directory, DATABASE_FILE)
  // SQLite makes these for every reader; the host needs none of them.
  const made = [`${file}-shm`, `${file}-wal`].filter((path) => !existsSync(path))
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const version = schemaVersion(db)
    // The next start adds the column; here the old rows are read.
    if (version === 1) db.exec('CREATE TEMP VIEW batches AS SELECT *, NULL AS sums FROM main.batches')
    const rooms = new RoomTable(db)
    const damage = damageOf(db, version, rooms)
    return { ...count(db, rooms), damage }
  } finally {
    db.close()
    for (const path of made) rmSync(path, { force: true })
  }
}

function damageOf(db: DatabaseSync, version: number | undefined, rooms: RoomTable): string | undefined {
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) return 'a newer tamtam wrote it'
  if (version > 0 && !schemaIsIntact(db, version)) return 'the tables are not those of a journal'
  return treeDamage(db) ?? loadRooms(db, rooms)
}

function count(db: DatabaseSync, rooms: RoomTable): Omit<Inspection, 'damage'> {
  const states = new Map<string, RoomState>()
  const erasures = erasuresOf(db, rooms)
  let [entries, unerased, damagedRows, missing] = [0, 0, 0, 0]
  let newestAt: number | undefined
  for (const span of rooms.spans().values()) missing += span.last - span.first + 1
  for (const stored of db.prepare(`SELECT key >> 40 AS room_key, ${ROW_COLUMNS} FROM batches ORDER BY key`).iterate()) {
    const row = stored as unknown as UncheckedRow
    const room = rooms.withKey(Number(stored['room_key']))
    const rows = verifiedRows(row, room?.name ?? String(row.room))
    if (!isComplete(row, rows)) damagedRows++
    for (const { room: name, bytes, kind } of rows) {
      const state = states.get(name) ?? initialState(name)
      states.set(name, state)
      for (const entry of entriesOf({ room: name, bytes })) {
        entries++
        if (erasures.get(name)?.some((erasure) => erasedBy(entry, erasure) !== entry) === true) unerased++
        if (kind !== KIND.kept && entry.seq >= (room?.first ?? 0)) missing--
        newestAt = Math.max(newestAt ?? 0, entry.at)
        evolve(state, entry)
      }
    }
  }
  const files = new Map<string, WholeFile>()
  const filesOf = new Map<string, RoomFiles>()
  for (const [room, state] of states) {
    const whole = [...state.files.values()].flatMap((each) => (each.status === 'whole' ? [each] : []))
    for (const { file } of whole) files.set(file.id, file)
    if (whole.length > 0) filesOf.set(room, { rules: state.rules, files: whole })
  }
  return { rooms: states.size, entries, unerased, damagedRows, missing: Math.max(0, missing), newestAt, files, filesOf }
}

/** By which messages of each room were removed. */
function erasuresOf(db: DatabaseSync, rooms: RoomTable): ReadonlyMap<string, readonly Erasure[]> {
  const found = new Map<string, Erasure[]>()
  for (const stored of db
    .prepare(`SELECT key >> 40 AS room_key, ${ROW_COLUMNS} FROM batches WHERE kind > 0`)
    .iterate()) {
    const row = stored as unknown as UncheckedRow
    const name = rooms.withKey(Number(stored['room_key']))?.name ?? String(row.room)
    for (const erasure of verifiedRows(row, name).flatMap(entriesOf).filter(isErasure))
      found.set(name, [...(found.get(name) ?? []), erasure])
  }
  return found
}

/** Lets the next start of a host, or the next `erase`, carry out all removals again. The caller has locked the directory. */
export function forgetErasures(directory: string): void {
  const db = connect(join(directory, DATABASE_FILE))
  try {
    db.exec('DELETE FROM erased')
  } finally {
    db.close()
  }
}
