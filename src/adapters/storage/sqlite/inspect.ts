import { existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { WholeFile } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { initialState, type RoomState } from '#domain/room/state.ts'
import { BadEntries, unpackEntries } from '#protocol/journal-format.ts'
import { believed, isComplete } from './records.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { KIND, ROW_COLUMNS, type UncheckedRow } from './row.ts'
import { SCHEMA_VERSION, schemaIsIntact, schemaVersion } from './schema.ts'

/** What a look at a journal finds. */
export interface Inspection {
  readonly rooms: number
  readonly entries: number
  /** Sequences of the rooms' histories that no entry has: damaged now, or left behind when the journal was saved once. */
  readonly missing: number
  /** Stored batches whose checksum fails. */
  readonly damagedRows: number
  /** What is wrong with the whole of it; undefined where nothing is. */
  readonly damage: string | undefined
  /** When the newest entry was made, in milliseconds since 1970. */
  readonly newestAt: number | undefined
  /** The whole files of all rooms, by their id. */
  readonly files: ReadonlyMap<string, WholeFile>
}

/** Reads the journal in a directory that the caller has locked, all of it, and changes and repairs nothing. */
export function inspectJournal(directory: string): Inspection {
  const file = `${directory}/journal.db`
  // SQLite makes them for whoever reads; a host needs none of ours.
  const made = [`${file}-shm`, `${file}-wal`].filter((path) => !existsSync(path))
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const version = schemaVersion(db)
    // The next start adds the column; what is read here is of before.
    if (version === 1) db.exec('CREATE TEMP VIEW batches AS SELECT *, NULL AS sums FROM main.batches')
    const rooms = new RoomTable(db)
    const damage = wrongWith(db, version, rooms)
    return { ...count(db, rooms), damage }
  } finally {
    db.close()
    for (const path of made) rmSync(path, { force: true })
  }
}

function wrongWith(db: DatabaseSync, version: number | undefined, rooms: RoomTable): string | undefined {
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) return 'a newer tamtam wrote it'
  if (version > 0 && !schemaIsIntact(db, version)) return 'the tables are not those of a journal'
  const verdict = Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {})[0]
  if (verdict !== 'ok') return `integrity_check: ${String(verdict)}`
  return loadRooms(db, rooms)
}

function count(db: DatabaseSync, rooms: RoomTable): Omit<Inspection, 'damage'> {
  const states = new Map<string, RoomState>()
  let [entries, damagedRows, missing] = [0, 0, 0]
  let newestAt: number | undefined
  for (const span of rooms.spans().values()) missing += span.last - span.first + 1
  for (const stored of db.prepare(`SELECT key >> 40 AS room_key, ${ROW_COLUMNS} FROM batches ORDER BY key`).iterate()) {
    const row = stored as unknown as UncheckedRow
    const room = rooms.withKey(Number(stored['room_key']))
    const rows = believed(row, room?.name ?? String(row.room))
    if (!isComplete(row, rows)) damagedRows++
    for (const { room: name, bytes, kind } of rows) {
      const state = states.get(name) ?? initialState(name)
      states.set(name, state)
      for (const entry of entriesIn(name, bytes)) {
        entries++
        if (kind !== KIND.kept && entry.seq >= (room?.first ?? 0)) missing--
        newestAt = Math.max(newestAt ?? 0, entry.at)
        evolve(state, entry)
      }
    }
  }
  const files = new Map<string, WholeFile>()
  for (const state of states.values())
    for (const [id, each] of state.files) if (each.status === 'whole') files.set(id, each.file)
  return { rooms: states.size, entries, damagedRows, missing: Math.max(0, missing), newestAt, files }
}

function entriesIn(room: string, bytes: Uint8Array) {
  try {
    return unpackEntries(room, bytes).entries
  } catch (error) {
    if (error instanceof BadEntries) return []
    throw error
  }
}
