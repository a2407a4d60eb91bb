import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Log } from '#domain/ports/system.ts'
import { makeDirectorySync } from '#system/files/file-system.ts'
import {
  Checkpointer,
  connect,
  migrate,
  SCHEMA_VERSION,
  schemaIsIntact,
  schemaVersion,
  treeDamage,
} from './database.ts'
import { isDamage, isDiskFull, JournalTooNew, primaryCode, SQLITE } from './errors.ts'
import { scanWal, type WalScan } from './file-format.ts'
import {
  DATABASE_FILE,
  FILLING_FILE,
  LOG_FILE,
  markSuspect,
  QUARANTINE_PREFIX,
  SALVAGED_FILE,
  suspectFile,
} from './journal-files.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { isWhole, ROW_COLUMNS, type UncheckedRow } from './rows.ts'
import { type Salvaged, salvage } from './salvage.ts'

/** A start waits for all of a smaller database to be read, and of every other after a failure; larger ones are read behind it (`Verifier`). */
const VERIFY_BELOW_BYTES = 8 * 1024 * 1024
/** A crash leaves no log this large (it is checkpointed every few MiB), so it is not scanned beforehand. */
const SCAN_WAL_BELOW_BYTES = 512 * 1024 * 1024

interface Opened {
  readonly db: DatabaseSync
  readonly rooms: RoomTable
  /** It has damaged rows, and the disk had no room for a salvage. */
  readonly isDamaged: boolean
  /** All of it was read. */
  readonly isVerified: boolean
}

/** The part of the database that is read before it is trusted. */
type Verification = 'newest rows' | 'tree' | 'rows'

/**
 * Opens the journal in a directory, makes it when missing, and repairs damage: the damaged files move to `quarantine-<time>`, and the
 * entries that verify go on in a fresh database. Throws `DatabaseLocked`, `JournalTooNew`, or the error of a failing disk.
 */
export const openDatabase = (directory: string, log: Log): Opened => {
  makeDirectorySync(directory)
  finishReplacing(directory, log)
  const file = join(directory, DATABASE_FILE)
  const suspect = suspectFile(directory)
  // Before SQLite opens it: SQLite takes everything behind a damaged place in the log for a torn end and drops it.
  const wal = readWal(join(directory, LOG_FILE))
  const size = existsSync(file) ? statSync(file).size : undefined
  if (size === 0 && wal === undefined)
    log.warn('the journal is an empty file, as after a crash at its very first start')
  const emptied = size === 0 && wal !== undefined ? 'the database is empty and its log is not' : undefined
  const verification = existsSync(suspect) || (size ?? 0) < VERIFY_BELOW_BYTES ? 'rows' : 'newest rows'
  const opened = emptied ?? attempt(directory, file, verification, wal?.damage)
  if (typeof opened !== 'string') {
    rmSync(suspect, { force: true })
    return opened
  }
  try {
    replaceDamaged(directory, opened, wal, log)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    // Damaged rows stay in place and are left out; a damaged tree must not be written to.
    const asItIs = attempt(directory, file, 'tree', emptied ?? wal?.damage)
    if (typeof asItIs === 'string') throw error
    markSuspect(directory)
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

/** The open database, or a description of its damage; it is closed then. */
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
      // Starts with an empty log: everything found in it later is of this run.
      new Checkpointer(db).run('TRUNCATE')
      syncDirectory(directory)
      return { db, rooms, isDamaged: false, isVerified: verification === 'rows' }
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

/** Brings the schema up to date and verifies; answers the damage. */
const prepare = (db: DatabaseSync, directory: string, verification: Verification): string | undefined => {
  const version = schemaVersion(db)
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) throw new JournalTooNew(tooNew(directory, version))
  migrate(db, version)
  if (!schemaIsIntact(db)) return 'the tables are not those of a journal'
  return verification === 'newest rows' ? undefined : treeDamage(db)
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

/** `BEGIN` does not fail on a read-only database; a statement that changes no row does. */
const mustBeWritable = (db: DatabaseSync): void => db.exec('DELETE FROM indexed WHERE 0')

/** A flipped bit in the header can make a database read-only, although its file is writable. */
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

/**
 * Replaces a damaged database with one of the rows that still verify; the damaged one moves to `quarantine-<time>` with its log. A
 * crash at any point leaves either the damaged one in place or a state that `finishReplacing` completes.
 */
const replaceDamaged = (directory: string, damage: string, wal: WalScan | undefined, log: Log): void => {
  for (const name of [FILLING_FILE, `${FILLING_FILE}-wal`, SALVAGED_FILE])
    rmSync(join(directory, name), { force: true })
  const filling = connect(join(directory, FILLING_FILE))
  let salvaged: Salvaged
  try {
    migrate(filling, 0)
    salvaged = salvage(join(directory, DATABASE_FILE), wal, filling)
    filling.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  } catch (error) {
    for (const name of [FILLING_FILE, `${FILLING_FILE}-wal`]) rmSync(join(directory, name), { force: true })
    throw error
  } finally {
    filling.close()
  }
  renameSync(join(directory, FILLING_FILE), join(directory, SALVAGED_FILE))
  const quarantine = makeQuarantine(directory)
  if (wal !== undefined) writeFileSync(join(quarantine, LOG_FILE), wal.bytes)
  renameSync(join(directory, DATABASE_FILE), join(quarantine, DATABASE_FILE))
  putInPlace(directory, quarantine)
  log.error('the journal was damaged; the rows that verify were saved and the damaged files set aside', {
    damage,
    quarantine,
    ...salvaged,
  })
}

/** Completes a replacement that a crash interrupted. */
const finishReplacing = (directory: string, log: Log): void => {
  if (existsSync(join(directory, DATABASE_FILE)) || !existsSync(join(directory, SALVAGED_FILE))) return
  const quarantine = makeQuarantine(directory)
  putInPlace(directory, quarantine)
  log.error('the journal was damaged; saving the rows that verify was interrupted and is finished now', { quarantine })
}

/** The damaged log must be gone before the new database is in place: SQLite would apply it. */
const putInPlace = (directory: string, quarantine: string): void => {
  const left = join(directory, LOG_FILE)
  if (existsSync(join(quarantine, LOG_FILE))) rmSync(left, { force: true })
  else if (existsSync(left)) renameSync(left, join(quarantine, LOG_FILE))
  renameSync(join(directory, SALVAGED_FILE), join(directory, DATABASE_FILE))
  syncDirectory(directory)
}

const makeQuarantine = (directory: string): string => {
  const quarantine = join(directory, `${QUARANTINE_PREFIX}${new Date().toISOString().replaceAll(':', '')}`)
  makeDirectorySync(quarantine)
  return quarantine
}

/** Makes the names in a directory durable. SQLite tries that too, but does not report a failure. */
const syncDirectory = (directory: string): void => {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
