import { DatabaseSync } from 'node:sqlite'
import { DatabaseLocked, isDiskFull, primaryCode, SQLITE } from './errors.ts'

/** Pages in the log before a checkpoint; more make longer stalls, fewer make more of them. */
const CHECKPOINT_PAGES = 1000

/**
 * Opens the file for this process alone. With exclusive locking set before the log is first used, its index lives in memory: no -shm
 * file can be damaged, and no second process gets in. `FULL` makes each commit one fsync of the log.
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

/** Runs `work` in a transaction and answers its result; an error rolls everything back. */
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
 * A transaction for work that can be repeated after a crash of the machine (search index, trimming): it waits for no fsync, the next
 * commit's covers it.
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
 * Copies the log into the database when it has grown, between commits rather than inside one. SQLite's own checkpoint after a commit
 * swallows a failed fsync; this one reports it.
 */
export class Checkpointer {
  readonly #db: DatabaseSync
  #pages = 0
  #before = (): void => {}

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Calls this before each copying. */
  beforeEach(call: () => void): void {
    this.#before = call
  }

  /** Notes about how many pages were written. */
  wrote(pages: number): void {
    this.#pages += pages
  }

  get isDue(): boolean {
    return this.#pages >= CHECKPOINT_PAGES
  }

  /** On a full disk the log stays; the next try is after as many pages. */
  run(mode: 'PASSIVE' | 'TRUNCATE' = 'PASSIVE'): void {
    this.#pages = 0
    this.#before()
    try {
      this.#db.prepare(`PRAGMA wal_checkpoint(${mode})`).get()
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
  }
}

export const PAGE_SIZE = 4096
export const SCHEMA_VERSION = 3
/** `application_id` holds this plus the schema version: a second witness, so that a flipped bit is not a new version. */
const APPLICATION_ID = 0x7474_0000

const BATCHES =
  'CREATE TABLE batches (key INTEGER PRIMARY KEY, last INTEGER, kind INTEGER, room TEXT, ids TEXT, bytes BLOB, checksum INTEGER)'

/**
 * `batches.key` is the room's key in the high bits and the first sequence in the low 40: one tree holds each room's rows
 * beside each other, and a commit without ids writes one page. `kind`: 0 chat, 1 with facts, 2 facts kept of a trimmed row.
 * A row repeats its room's name and its ids, so that it can be understood when other pages are lost.
 */
const TABLES = [
  'CREATE TABLE rooms (key INTEGER PRIMARY KEY, name TEXT, first INTEGER, last INTEGER, checksum INTEGER)',
  BATCHES,
  'CREATE INDEX batches_facts ON batches (key) WHERE kind > 0',
  'CREATE TABLE ids (room INTEGER, id TEXT, seq INTEGER, PRIMARY KEY (room, id)) WITHOUT ROWID',
  'CREATE TABLE indexed (room INTEGER PRIMARY KEY, upto INTEGER)',
] as const

/** How far the removals of a room have been carried out: a salvaged database has none, and removes everything again. */
const ERASED = 'CREATE TABLE erased (room INTEGER PRIMARY KEY, upto INTEGER)'

/**
 * Words come folded and joined by spaces (search-words.ts); the `ascii` tokenizer keeps other characters as they are. The prefix lists
 * answer short beginnings without collecting all matches first (measured: 0.3 ms for 100 000 matches, 100 ms without).
 */
const SEARCH =
  "CREATE VIRTUAL TABLE search USING fts5(words, content='', detail=none, tokenize='ascii', prefix='1 2 3 4 5 6')"
/** Until schema 2 entries left the index by their number alone: then their words stay in it until it happens to be merged. */
const SEARCH_BY_NUMBER = SEARCH.replace("content=''", "content='', contentless_delete=1")

export const createSearch = (db: DatabaseSync): void => {
  db.exec(SEARCH)
  // Merging runs in bounded steps of our own: an automatic merge may hold a commit up for 30 ms.
  db.exec("INSERT INTO search(search, rank) VALUES ('automerge', 0)")
  db.exec("INSERT INTO search(search, rank) VALUES ('crisismerge', 1000)")
}

/** `MIGRATIONS[n]` brings schema n to n + 1. */
const MIGRATIONS: readonly ((db: DatabaseSync) => void)[] = [
  (db) => {
    for (const table of TABLES) db.exec(table)
  },
  // A checksum for each entry of a batch; older rows have none and stay as they are.
  (db) => db.exec('ALTER TABLE batches ADD COLUMN sums BLOB'),
  // The index is made anew from the rows.
  (db) => {
    db.exec(ERASED)
    db.exec('DROP TABLE IF EXISTS search')
    db.exec('DELETE FROM indexed')
    createSearch(db)
  },
]

export const migrate = (db: DatabaseSync, from: number): void => {
  if (from === SCHEMA_VERSION) return
  db.exec('BEGIN IMMEDIATE')
  for (const step of MIGRATIONS.slice(from)) step(db)
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID + SCHEMA_VERSION}`)
  db.exec('COMMIT')
}

/** The schema version, when both witnesses agree; undefined when they do not, which is damage. 0 is an empty database. */
export const schemaVersion = (db: DatabaseSync): number | undefined => {
  const version = pragma(db, 'user_version')
  const witness = pragma(db, 'application_id')
  if (version === 0 && witness === 0) return pragma(db, 'schema_version') === 0 ? 0 : undefined
  return witness === APPLICATION_ID + version ? version : undefined
}

/** Whether the tables are exactly those of this version. */
export const schemaIsIntact = (db: DatabaseSync, version = SCHEMA_VERSION): boolean => {
  const statement = db.prepare(
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'search\\_%' ESCAPE '\\'",
  )
  const found = statement.all().map((row) => String(row['sql']))
  // SQLite writes a column that was added behind the last of the table's own text.
  const added = version > 1 ? ', sums BLOB)' : ')'
  const tables = TABLES.map((table) => (table === BATCHES ? `${table.slice(0, -1)}${added}` : table))
  const newer = version > 2 ? [ERASED, SEARCH] : [SEARCH_BY_NUMBER]
  return [...tables, ...newer].toSorted().join(';') === found.toSorted().join(';')
}

/** The first damage that SQLite finds. Unlike `quick_check` this compares the index of facts with the rows too: each start relies on it. */
export const treeDamage = (db: DatabaseSync): string | undefined => {
  const [verdict] = Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {})
  return verdict === 'ok' ? undefined : `integrity_check: ${String(verdict)}`
}

const pragma = (db: DatabaseSync, name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
