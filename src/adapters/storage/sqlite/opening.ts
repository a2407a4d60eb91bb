import { accessSync, constants, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Log } from '#domain/ports/log.ts'
import { makeDirectorySync } from '#system/files/file-system.ts'
import { Checkpointer, connect } from './connection.ts'
import { DatabaseLocked, isDiskFull, JournalTooNew, primaryCode, SQLITE } from './errors.ts'
import { finishReplacing, replaceDamaged, syncDirectory } from './quarantine.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { isWhole, ROW_COLUMNS, type UncheckedRow } from './row.ts'
import { scanWal, type WalScan } from './salvage/wal.ts'
import { migrate, SCHEMA_VERSION, schemaIsIntact, schemaVersion } from './schema.ts'

const DATABASE_FILE = 'journal.db'
/** Lies beside the database after a failure: verify everything at the next start. */
export const SUSPECT_FILE = 'journal.suspect'
/** Larger databases are only verified in full after a failure. */
const VERIFY_BELOW_BYTES = 256 * 1024 * 1024
/** Reading every row takes as long again as checking the tree: half a second more for a start, at most. */
const VERIFY_ROWS_BELOW_BYTES = 32 * 1024 * 1024
/** A log this large is not what a crash leaves (it is copied every few MiB); it is not looked through beforehand. */
const SCAN_WAL_BELOW_BYTES = 512 * 1024 * 1024

interface Opened {
  readonly db: DatabaseSync
  readonly rooms: RoomTable
  /** There are damaged rows in it, and no room to set it aside and save the others. */
  readonly isDamaged: boolean
}

/** How much of it is read before it is trusted. */
type Verification = 'newest rows' | 'tree' | 'rows'

/**
 * Opens the journal in a directory, makes it where there is none, and repairs it where it is damaged: what cannot be trusted
 * moves to `quarantine-<time>`, the entries that verify go on in a fresh database. Throws `DatabaseLocked`, `JournalTooNew`,
 * or what the system gives where the disk itself fails.
 */
export const openDatabase = (directory: string, log: Log): Opened => {
  makeDirectorySync(directory)
  finishReplacing(directory, log)
  const file = join(directory, DATABASE_FILE)
  const suspect = join(directory, SUSPECT_FILE)
  // Before SQLite looks: it takes what follows a damaged place in the log for a torn end and forgets it.
  const wal = readWal(`${file}-wal`)
  const size = existsSync(file) ? statSync(file).size : undefined
  if (size === 0 && wal === undefined)
    log.warn('the journal is an empty file, as after a crash at its very first start')
  const emptied = size === 0 && wal !== undefined ? 'the database is empty and its log is not' : undefined
  const verification = existsSync(suspect) ? 'rows' : verificationOf(size)
  const opened = emptied ?? attempt(directory, file, verification, wal?.damage)
  if (typeof opened !== 'string') {
    rmSync(suspect, { force: true })
    return opened
  }
  try {
    replaceDamaged(directory, opened, wal, log)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    // Damaged rows stay where they are and are left out; a damaged tree must not be written to.
    const asItIs = attempt(directory, file, 'tree', emptied ?? wal?.damage)
    if (typeof asItIs === 'string') throw error
    writeFileSync(suspect, '')
    log.error('the journal is damaged, and the disk too full to save it; the next start tries again', {
      damage: opened,
    })
    return { ...asItIs, isDamaged: true }
  }
  rmSync(suspect, { force: true })
  const again = attempt(directory, file, 'rows', undefined)
  if (typeof again === 'string') throw new Error(`the journal was made anew and is damaged already: ${again}`)
  return again
}

const verificationOf = (size = 0): Verification => {
  if (size < VERIFY_ROWS_BELOW_BYTES) return 'rows'
  return size < VERIFY_BELOW_BYTES ? 'tree' : 'newest rows'
}

/** The open database, or what is damaged about it; it is closed then. */
const attempt = (
  directory: string,
  file: string,
  verification: Verification,
  known: string | undefined,
): Opened | string => {
  let db: DatabaseSync | undefined
  let damage: string | undefined
  try {
    db = connect(file)
    damage = known ?? prepare(db, directory, verification)
    const rooms = damage === undefined ? new RoomTable(db) : undefined
    if (rooms !== undefined) damage = loadRooms(db, rooms)
    if (rooms !== undefined && damage === undefined && verification === 'rows') damage = damagedRows(db, rooms)
    if (rooms !== undefined && damage === undefined) {
      mustBeWritable(db)
      // An empty log at the start: what is found in it later is of this run.
      new Checkpointer(db).run('TRUNCATE')
      syncDirectory(directory)
      return { db, rooms, isDamaged: false }
    }
  } catch (error) {
    if (!isDamage(error) && !saysReadOnly(error, file)) {
      db?.close()
      throw error
    }
    damage = String(error)
  }
  closeDamaged(db)
  return damage ?? 'unknown'
}

/** Brings the schema up to date and verifies; gives what is damaged. */
const prepare = (db: DatabaseSync, directory: string, verification: Verification): string | undefined => {
  const version = schemaVersion(db)
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) throw new JournalTooNew(tooNew(directory, version))
  migrate(db, version)
  if (!schemaIsIntact(db)) return 'the tables are not those of a journal'
  if (verification === 'newest rows') return undefined
  // Not the quick one: this one also compares the index of facts with the rows, and what it leads to is read at each start.
  const verdict = Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {})[0]
  return verdict === 'ok' ? undefined : `integrity_check: ${String(verdict)}`
}

const damagedRows = (db: DatabaseSync, rooms: RoomTable): string | undefined => {
  let damaged = 0
  for (const stored of db.prepare(`SELECT key >> 40 AS room_key, ${ROW_COLUMNS} FROM batches`).iterate()) {
    const row = stored as unknown as UncheckedRow
    if (!isWhole(row) || rooms.withKey(Number(stored['room_key']))?.name !== row.room) damaged += 1
  }
  return damaged === 0 ? undefined : `${damaged} stored batches fail their checksum`
}

const tooNew = (directory: string, version: number): string =>
  `the journal in ${directory} has schema ${version} and this tamtam knows ${SCHEMA_VERSION}; run the newer tamtam that wrote it, or choose another directory with --data`

const isDamage = (error: unknown): boolean => {
  if (error instanceof DatabaseLocked) return false
  const code = primaryCode(error)
  return code === SQLITE.corrupt || code === SQLITE.notADatabase || code === SQLITE.error
}

/** `BEGIN` says nothing of it, and a statement that changes no row does. */
const mustBeWritable = (db: DatabaseSync): void => db.exec('DELETE FROM indexed WHERE 0')

/** A flipped bit in its header makes a database of a kind that may only be read. */
const saysReadOnly = (error: unknown, file: string): boolean => {
  if (primaryCode(error) !== SQLITE.readOnly) return false
  accessSync(file, constants.W_OK)
  return true
}

const closeDamaged = (db: DatabaseSync | undefined): void => {
  try {
    db?.close()
  } catch (error) {
    if (!isDamage(error)) throw error
  }
}

const readWal = (file: string): WalScan | undefined => {
  const size = existsSync(file) ? statSync(file).size : 0
  return size === 0 || size > SCAN_WAL_BELOW_BYTES ? undefined : scanWal(readFileSync(file))
}
