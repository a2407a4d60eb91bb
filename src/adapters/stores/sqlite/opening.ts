import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Log } from '../../../domain/ports/log.ts'
import { Checkpointer, connect } from './connection.ts'
import { DatabaseLocked, JournalTooNew, primaryCode, SQLITE } from './failures.ts'
import { finishReplacing, replaceDamaged, syncDirectory } from './quarantine.ts'
import { loadRooms, RoomTable } from './room-table.ts'
import { scanWal, type WalScan } from './salvage/wal.ts'
import { migrate, SCHEMA_VERSION, schemaIsIntact, schemaVersion } from './schema.ts'

const DATABASE_FILE = 'journal.db'
/** Lies beside the database after a failure: verify everything at the next start. */
export const SUSPECT_FILE = 'journal.suspect'
/** Larger databases are only verified in full after a failure. */
const VERIFY_BELOW_BYTES = 256 * 1024 * 1024
/** A log this large is not what a crash leaves (it is copied every few MiB); it is not looked through beforehand. */
const SCAN_WAL_BELOW_BYTES = 512 * 1024 * 1024

interface Opened {
  readonly db: DatabaseSync
  readonly rooms: RoomTable
}

/**
 * Opens the journal in a directory, makes it where there is none, and repairs it where it is damaged: what cannot be trusted
 * moves to `quarantine-<time>`, the rows that verify go on in a fresh database. Throws `DatabaseLocked`, `JournalTooNew`,
 * or what the system gives where the disk itself fails.
 */
export const openDatabase = (directory: string, log: Log): Opened => {
  mkdirSync(directory, { recursive: true })
  finishReplacing(directory, log)
  const file = join(directory, DATABASE_FILE)
  const suspect = join(directory, SUSPECT_FILE)
  // Before SQLite looks: it takes what follows a damaged place in the log for a torn end and forgets it.
  const wal = readWal(`${file}-wal`)
  const size = existsSync(file) ? statSync(file).size : undefined
  if (size === 0 && wal === undefined)
    log.warn('the journal is an empty file, as after a crash at its very first start')
  const emptied = size === 0 && wal !== undefined ? 'the database is empty and its log is not' : undefined
  const mustVerify = size !== undefined && (size < VERIFY_BELOW_BYTES || existsSync(suspect))
  const opened = emptied ?? attempt(directory, file, mustVerify, wal?.damage)
  if (typeof opened !== 'string') {
    rmSync(suspect, { force: true })
    return opened
  }
  replaceDamaged(directory, opened, wal, log)
  rmSync(suspect, { force: true })
  const again = attempt(directory, file, true, undefined)
  if (typeof again === 'string') throw new Error(`the journal was made anew and is damaged already: ${again}`)
  return again
}

/** The open database, or what is damaged about it; it is closed then. */
const attempt = (directory: string, file: string, mustVerify: boolean, known: string | undefined): Opened | string => {
  let db: DatabaseSync | undefined
  let damage: string | undefined
  try {
    db = connect(file)
    damage = known ?? prepare(db, directory, mustVerify)
    const rooms = damage === undefined ? new RoomTable(db) : undefined
    if (rooms !== undefined) damage = loadRooms(db, rooms)
    if (rooms !== undefined && damage === undefined) {
      // An empty log at the start: what is found in it later is of this run.
      new Checkpointer(db).run('TRUNCATE')
      syncDirectory(directory)
      return { db, rooms }
    }
  } catch (error) {
    if (!isDamage(error)) {
      db?.close()
      throw error
    }
    damage = String(error)
  }
  closeDamaged(db)
  return damage ?? 'unknown'
}

/** Brings the schema up to date and verifies; gives what is damaged. */
const prepare = (db: DatabaseSync, directory: string, mustVerify: boolean): string | undefined => {
  const version = schemaVersion(db)
  if (version === undefined) return 'the schema version is damaged'
  if (version > SCHEMA_VERSION) throw new JournalTooNew(tooNew(directory, version))
  migrate(db, version)
  if (!schemaIsIntact(db)) return 'the tables are not those of a journal'
  if (!mustVerify) return undefined
  const verdict = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  return verdict === 'ok' ? undefined : `quick_check: ${String(verdict)}`
}

const tooNew = (directory: string, version: number): string =>
  `the journal in ${directory} has schema ${version} and this tamtam knows ${SCHEMA_VERSION}; run the newer tamtam that wrote it, or choose another directory with --data`

const isDamage = (error: unknown): boolean => {
  if (error instanceof DatabaseLocked) return false
  const code = primaryCode(error)
  return code === SQLITE.corrupt || code === SQLITE.notADatabase || code === SQLITE.error
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
