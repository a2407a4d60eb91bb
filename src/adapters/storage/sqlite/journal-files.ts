import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a journal in its data directory. SQLite adds its log as `journal.db-wal`. */
export const DATABASE_FILE = 'journal.db'
export const LOG_FILE = `${DATABASE_FILE}-wal`
/** A salvaged database while it is filled: worthless until it is renamed to `SALVAGED_FILE`. */
export const FILLING_FILE = `${DATABASE_FILE}.salvage`
export const SALVAGED_FILE = `${DATABASE_FILE}.salvaged`
/** A directory with the damaged files of one salvage. */
export const QUARANTINE_PREFIX = 'quarantine-'

const SUSPECT_FILE = 'journal.suspect'

/** The mark of a failure: the next start verifies everything, however large the journal is. */
export const suspectFile = (directory: string): string => join(directory, SUSPECT_FILE)

export const markSuspect = (directory: string): void => writeFileSync(suspectFile(directory), '')

/** Names of the quarantines in a data directory. */
export const quarantinesIn = (directory: string | undefined): readonly string[] =>
  directory === undefined || !existsSync(directory)
    ? []
    : readdirSync(directory).filter((name) => name.startsWith(QUARANTINE_PREFIX))
