import { existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { WholeFile } from '../../../domain/room/events.ts'
import { evolve } from '../../../domain/room/evolve.ts'
import { initialState, type RoomState } from '../../../domain/room/state.ts'
import { BadEntries, unpackEntries } from '../../codec/entries.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { isWhole, ROW_COLUMNS, type UncheckedRow } from './row.ts'
import { SCHEMA_VERSION, schemaIsIntact, schemaVersion } from './schema.ts'

/** What a look at a journal finds. */
export interface Inspection {
  readonly rooms: number
  readonly entries: number
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
    const damage = wrongWith(db)
    return { ...count(db), damage }
  } finally {
    db.close()
    for (const path of made) rmSync(path, { force: true })
  }
}

function wrongWith(db: DatabaseSync): string | undefined {
  const version = schemaVersion(db)
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) return 'a newer tamtam wrote it'
  if (version > 0 && !schemaIsIntact(db)) return 'the tables are not those of a journal'
  const verdict = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  if (verdict !== 'ok') return `quick_check: ${String(verdict)}`
  return loadRooms(db, new RoomTable(db))
}

function count(db: DatabaseSync): Omit<Inspection, 'damage'> {
  const states = new Map<string, RoomState>()
  let [entries, damagedRows] = [0, 0]
  let newestAt: number | undefined
  for (const row of db.prepare(`SELECT ${ROW_COLUMNS} FROM batches ORDER BY key`).iterate()) {
    const batch = unpacked(row as unknown as UncheckedRow)
    if (batch === undefined) {
      damagedRows++
      continue
    }
    const state = states.get(batch.room) ?? initialState(batch.room)
    states.set(batch.room, state)
    for (const entry of batch.entries) {
      entries++
      newestAt = Math.max(newestAt ?? 0, entry.at)
      evolve(state, entry)
    }
  }
  const files = new Map<string, WholeFile>()
  for (const state of states.values())
    for (const [id, each] of state.files) if (each.status === 'whole') files.set(id, each.file)
  return { rooms: states.size, entries, damagedRows, newestAt, files }
}

function unpacked(row: UncheckedRow) {
  if (!isWhole(row)) return undefined
  try {
    return unpackEntries(row.room, row.bytes)
  } catch (error) {
    if (error instanceof BadEntries) return undefined
    throw error
  }
}
