import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Log } from '#domain/ports/system.ts'
import type { Entry } from '#domain/room/events.ts'
import { searchableText, searchWords } from '#protocol/search-words.ts'
import { type Checkpointer, createSearch, lazyTransaction } from './database.ts'
import { isDiskFull, primaryCode, SQLITE } from './errors.ts'
import type { Reader } from './reader.ts'
import type { Room, RoomTable } from './room-table.ts'
import { entriesOf, KEY, KEY_OF_ROOM_END, type Row } from './rows.ts'

const STEP_ENTRIES = 500
const STEP_MS = 2
const CHECK_CLOCK_EVERY = 16
const MERGE_PAGES = 32
/** About how many pages one step writes to the log, for the checkpoints. */
const STEP_PAGES = 64

/** The words of all messages, indexed after their commits in small steps. It can always be rebuilt from the rows. */
export class SearchIndex {
  readonly #db: DatabaseSync
  readonly #rooms: RoomTable
  readonly #reader: Reader
  readonly #checkpointer: Checkpointer
  readonly #log: Log
  readonly #insert: StatementSync
  readonly #saveProgress: StatementSync
  readonly #merge: StatementSync
  readonly #remove: StatementSync
  readonly #find: StatementSync
  readonly #indexed = new Map<number, number>()
  readonly #behind: Set<number>
  #wasRepaired = false

  constructor(db: DatabaseSync, rooms: RoomTable, reader: Reader, checkpointer: Checkpointer, log: Log) {
    this.#db = db
    this.#rooms = rooms
    this.#reader = reader
    this.#checkpointer = checkpointer
    this.#log = log
    this.#insert = db.prepare(`INSERT INTO search (rowid, words) VALUES (${KEY}, ?)`)
    this.#saveProgress = db.prepare('INSERT OR REPLACE INTO indexed (room, upto) VALUES (?, ?)')
    this.#merge = db.prepare("INSERT INTO search(search, rank) VALUES ('merge', ?)")
    this.#remove = db.prepare(`INSERT INTO search (search, rowid, words) VALUES ('delete', ${KEY}, ?)`)
    this.#find = db.prepare(
      `SELECT rowid & 0xffffffffff AS seq FROM search WHERE search MATCH ?
       AND rowid BETWEEN ${KEY} AND ${KEY_OF_ROOM_END} ORDER BY rowid DESC LIMIT ?`,
    )
    // A host that went down while it erased.
    if (db.prepare("SELECT v FROM search_config WHERE k = 'secure-delete'").get()?.['v'] === 1) this.#setSecure(0)
    const progress = db.prepare('SELECT room, CAST(upto AS REAL) AS upto FROM indexed').all()
    for (const row of progress) this.#indexed.set(Number(row['room']), Number(row['upto']))
    this.#behind = new Set(rooms.keys())
    if ([...this.#indexed].some(([key, upTo]) => !isWithin(rooms.withKey(key), upTo))) this.#rebuild('its progress')
  }

  /** Notes that a room has grown. */
  grew(room: Room): void {
    this.#behind.add(room.key)
  }

  get isBehind(): boolean {
    return this.#behind.size > 0
  }

  isComplete(room: Room, upTo: number): boolean {
    return this.#progress(room) >= upTo
  }

  /** One short step for this room, or for any that is behind. False when the disk is full: then try again later. */
  step(wanted?: Room): boolean {
    const [key] = wanted === undefined ? this.#behind : [wanted.key]
    const room = key === undefined ? undefined : this.#rooms.withKey(key)
    if (room === undefined) return true
    try {
      const upTo = this.#repairing(() => lazyTransaction(this.#db, () => this.#advance(room)))
      if (upTo === undefined) return true
      this.#indexed.set(room.key, upTo)
    } catch (error) {
      if (isDiskFull(error)) return false
      throw error
    }
    this.#checkpointer.wrote(STEP_PAGES)
    if (this.#progress(room) >= room.last) this.#behind.delete(room.key)
    return true
  }

  /**
   * Sequences of the newest entries that have words beginning with each of these, oldest first. Undefined when the index turned out
   * damaged: it has been emptied and must catch up first.
   */
  find(room: Room, words: readonly string[], limit: number): number[] | undefined {
    // The words hold letters, digits and marks only (search-words.ts); the quotes keep AND, OR and NOT words.
    const query = [...new Set(words)].map((word) => `"${word}" *`)
    if (query.length === 0 || limit < 1) return []
    const rows = this.#repairing(() => this.#find.all(query.join(' '), room.key, room.first, room.key, limit))
    // With damaged progress an entry may have been indexed twice.
    return rows && [...new Set(rows.map((row) => Number(row['seq'])))].reverse()
  }

  /** Removes a row from the index; runs within the transaction that trims it. Its words stay in the file until the index is merged. */
  forget(room: Room, row: Row): void {
    this.#removeAll(room, entriesOf(row))
  }

  /** Whether the index has words of an entry. */
  has(room: Room, entry: Entry): boolean {
    return entry.seq <= this.#progress(room) && indexedWords(entry) !== ''
  }

  /**
   * Removes entries with their words, which no page of the index holds afterwards. Takes about two milliseconds for each, because parts of the
   * index are written anew. What has been removed may be removed again.
   */
  erase(room: Room, entries: readonly Entry[]): void {
    try {
      // A damaged index is emptied instead.
      this.#repairing(() =>
        lazyTransaction(this.#db, () => {
          this.#setSecure(1)
          this.#removeAll(room, entries)
        }),
      )
    } finally {
      this.#setSecure(0)
    }
    this.#checkpointer.wrote(STEP_PAGES)
  }

  /** Empties the index, to be filled again from the rows. */
  clear(): void {
    lazyTransaction(this.#db, () => {
      this.#db.exec('DROP TABLE search')
      createSearch(this.#db)
      this.#db.exec('DELETE FROM indexed')
    })
    this.#indexed.clear()
    for (const key of this.#rooms.keys()) this.#behind.add(key)
  }

  /** What a transaction removes leaves the pages when it is committed. */
  #setSecure(isSecure: 0 | 1): void {
    this.#db.exec(`INSERT INTO search (search, rank) VALUES ('secure-delete', ${isSecure})`)
  }

  #removeAll(room: Room, entries: readonly Entry[]): void {
    for (const entry of entries) if (this.has(room, entry)) this.#remove.run(room.key, entry.seq, indexedWords(entry))
  }

  #progress(room: Room): number {
    return Math.max(this.#indexed.get(room.key) ?? 0, room.first - 1)
  }

  /** Indexes until the step is over; answers the sequence it reached. */
  #advance(room: Room): number {
    const started = performance.now()
    let upTo = this.#progress(room)
    let count = 0
    const isOver = () =>
      count >= STEP_ENTRIES || (count % CHECK_CLOCK_EVERY === 0 && performance.now() - started > STEP_MS)
    const rows = () => {
      for (const row of this.#reader.whole(room, upTo)) {
        for (const entry of entriesOf(row)) {
          if (entry.seq <= upTo) continue
          if (count > 0 && isOver()) return
          const words = indexedWords(entry)
          if (words !== '') this.#insert.run(room.key, entry.seq, words)
          upTo = entry.seq
          count += 1
        }
        upTo = row.last
      }
      // Damaged rows at the end have nothing to index: the room is as complete as it gets.
      upTo = Math.max(upTo, room.last)
    }
    rows()
    this.#saveProgress.run(room.key, upTo)
    this.#merge.run(MERGE_PAGES)
    return upTo
  }

  /** Empties a damaged index, to be filled again from the rows; damage again after that is an error. */
  #repairing<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (primaryCode(error) !== SQLITE.corrupt || this.#wasRepaired) throw error
      this.#wasRepaired = true
      this.#rebuild(String(error))
      return undefined
    }
  }

  #rebuild(error: string): void {
    this.#log.error('the search index is damaged and is made anew from the messages', { error })
    this.clear()
  }
}

/** As the index has them, empty where it has none: what is removed must be the same. */
const indexedWords = (entry: Entry): string => searchWords(searchableText(entry) ?? '').join(' ')

/** Whether an index can have come so far in a room. */
const isWithin = (room: Room | undefined, upTo: number): boolean =>
  room !== undefined && Number.isSafeInteger(upTo) && upTo >= 0 && upTo <= room.last
