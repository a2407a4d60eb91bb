import { DatabaseSync } from 'node:sqlite'
import { DatabaseLocked, isDiskFull, primaryCode, SQLITE } from './errors.ts'
import { PAGE_SIZE } from './schema.ts'

/** Pages in the log before they are copied into the database; more makes a longer stall, fewer makes more of them. */
const CHECKPOINT_PAGES = 1000

/**
 * Opens the file for this process alone. With exclusive locking set before the log is first used, its index lives in memory:
 * there is no -shm file to be damaged, and no second process gets in. `FULL` makes each commit one fsync of the log.
 */
export const connect = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file)
  try {
    db.exec(`PRAGMA page_size = ${PAGE_SIZE}`)
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA auto_vacuum = NONE')
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    db.exec('PRAGMA wal_autocheckpoint = 0')
    db.exec('PRAGMA temp_store = MEMORY')
    db.exec('PRAGMA cache_size = -8000')
    db.exec('PRAGMA cell_size_check = ON')
    db.exec('PRAGMA trusted_schema = OFF')
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return db
  } catch (error) {
    db.close()
    const code = primaryCode(error)
    if (code !== SQLITE.busy && code !== SQLITE.locked) throw error
    throw new DatabaseLocked(`${file} is open elsewhere`, { cause: error })
  }
}

/** Runs `work` in a transaction and gives what it gives; on an error nothing of it is kept. */
export const transaction = <T>(db: DatabaseSync, work: () => T): T => {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/**
 * A transaction for what can be made again after a crash of the machine (search index, trimming): it waits for no fsync, the
 * next commit's covers it.
 */
export const lazyTransaction = <T>(db: DatabaseSync, work: () => T): T => {
  db.exec('PRAGMA synchronous = NORMAL')
  try {
    return transaction(db, work)
  } finally {
    db.exec('PRAGMA synchronous = FULL')
  }
}

/**
 * Copies the log into the database when it has grown, between commits rather than inside one. SQLite's own checkpoint after a
 * commit swallows a failed fsync; this one reports it.
 */
export class Checkpointer {
  readonly #db: DatabaseSync
  #pages = 0

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Notes about how many pages were written. */
  wrote(pages: number): void {
    this.#pages += pages
  }

  get isDue(): boolean {
    return this.#pages >= CHECKPOINT_PAGES
  }

  /** On a full disk the log just stays; it is tried again after as many pages. */
  run(mode: 'PASSIVE' | 'TRUNCATE' = 'PASSIVE'): void {
    this.#pages = 0
    try {
      this.#db.prepare(`PRAGMA wal_checkpoint(${mode})`).get()
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
  }
}
