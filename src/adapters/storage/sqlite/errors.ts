import { failureText } from '#domain/names/text.ts'
import { isDiskFull as isFileSystemFull } from '#system/files/file-system.ts'
import type { Failure } from './worker-messages.ts'

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
export const SQLITE = { error: 1, busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, notADatabase: 26 } as const

/** The database was written by a newer tamtam. */
export class JournalTooNew extends Error {
  readonly code = 'JOURNAL_TOO_NEW'
}

/** Another connection has the database open. */
export class DatabaseLocked extends Error {
  readonly code = 'DATABASE_LOCKED'
}

/** The extended result code of an error from node:sqlite; undefined for other errors. */
const sqliteCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined

/** The primary result code: extended codes carry it in their low byte. */
export const primaryCode = (error: unknown): number | undefined => {
  const code = sqliteCode(error)
  return code === undefined ? undefined : code & 0xff
}

/** A full disk, as SQLite or the file system reports it. */
export const isDiskFull = (error: unknown): boolean => primaryCode(error) === SQLITE.full || isFileSystemFull(error)

/** The database is not what it should be. */
export const isDamage = (error: unknown): boolean => {
  if (error instanceof DatabaseLocked) return false
  const code = primaryCode(error)
  return code === SQLITE.corrupt || code === SQLITE.notADatabase || code === SQLITE.error
}

export const toFailure = (error: unknown): Failure => {
  const message = failureText(error)
  const of = (kind: Failure['kind']): Failure => ({ kind, message, sqliteCode: sqliteCode(error) })
  if (error instanceof JournalTooNew) return of('tooNew')
  if (error instanceof DatabaseLocked) return of('inUse')
  return of(error instanceof RangeError && sqliteCode(error) === undefined ? 'bug' : 'broken')
}
