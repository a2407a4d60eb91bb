import { closeSync, existsSync, fdatasyncSync, fstatSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { type Checkpointer, PAGE_SIZE } from './database.ts'
import { freePages, loggedPages, unusedParts } from './file-format.ts'

/** Pages in one step: about a millisecond, while appends wait. */
const STEP_PAGES = 256
const ZEROS = Buffer.alloc(PAGE_SIZE)

/**
 * Overwrites what the pages of a database hold beside their content: rows and words that SQLite has moved or freed stay there as they were.
 *
 * Why not `PRAGMA secure_delete`: it clears a cell that is freed, but where SQLite builds a page anew (`rebuildPage` in its btree.c), copies of the
 * cells stay in the space that becomes free, also of those that move on to other pages. It would cost each append, and does nothing for what
 * was written before it was turned on. `VACUUM` clears all, but writes the whole database twice while appends wait.
 *
 * The first time all pages are read, in short steps; from then on those that were written since, which the log names. The file stays open until
 * `close`, which must come after the database's own: a process that closes any descriptor of a file gives up SQLite's lock on it.
 */
export class Wiper {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #checkpointer: Checkpointer
  /** Pages that were written since they were wiped. */
  readonly #written = new Set<number>()
  /** Free pages that were wiped and not written since. */
  readonly #clean = new Set<number>()
  #fd: number | undefined
  /** The first page that was never read. */
  #next = 1

  constructor(db: DatabaseSync, file: string, checkpointer: Checkpointer) {
    this.#db = db
    this.#file = file
    this.#checkpointer = checkpointer
    checkpointer.beforeEach(() => this.#noteWritten())
  }

  /**
   * One step; `done` when the files of the database hold nothing but content, durably. Between two steps others may write. `full` where the log
   * cannot be copied into the database, for lack of space.
   */
  step(): 'more' | 'done' | 'full' {
    this.#fd ??= openSync(this.#file, 'r+')
    if (this.#next === 1) this.#checkpointer.run('TRUNCATE')
    const count = Math.floor(fstatSync(this.#fd).size / PAGE_SIZE)
    if (this.#next <= count) {
      const end = Math.min(this.#next + STEP_PAGES, count + 1)
      this.#wipe(Array.from({ length: end - this.#next }, (_, index) => this.#next + index))
      this.#next = end
      return 'more'
    }
    if (this.#written.size > STEP_PAGES) {
      this.#wipe([...this.#written].slice(0, STEP_PAGES))
      return 'more'
    }
    // Nobody writes between these: the log is empty, and SQLite reads anew what it had in memory.
    this.#checkpointer.run('TRUNCATE')
    if (logBytes(this.#file) > 0) return 'full'
    const free = this.#wipe([...this.#written])
    this.#wipe([...free.keys()].filter((page) => !this.#clean.has(page)))
    fdatasyncSync(this.#fd)
    this.#db.exec('PRAGMA shrink_memory')
    return 'done'
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Wipes these pages, as the database file has them; answers which pages are free. */
  #wipe(pages: readonly number[]): ReadonlyMap<number, number> {
    const read = (page: number) => this.#read(page)
    const free = freePages(read)
    for (const page of pages) {
      this.#written.delete(page)
      const unusedFrom = free.get(page)
      if (unusedFrom !== undefined) {
        this.#clean.add(page)
        this.#clear(page, [[unusedFrom, PAGE_SIZE]])
        continue
      }
      const { parts, tails } = unusedParts(this.#read(page), page, read)
      this.#clear(page, parts)
      for (const tail of tails) this.#clear(tail.page, [[tail.from, PAGE_SIZE]])
    }
    return free
  }

  #read(page: number): Buffer {
    const bytes = Buffer.alloc(PAGE_SIZE)
    readSync(this.#fd!, bytes, 0, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    return bytes
  }

  #clear(page: number, parts: readonly (readonly [from: number, to: number])[]): void {
    const bytes = this.#read(page)
    for (const [from, to] of parts)
      if (!bytes.subarray(from, to).equals(ZEROS.subarray(0, to - from)))
        writeSync(this.#fd!, ZEROS, 0, to - from, (page - 1) * PAGE_SIZE + from)
  }

  /** Called before the log is copied into the database. Pages of an earlier run of the log do no harm. */
  #noteWritten(): void {
    if (this.#fd === undefined || logBytes(this.#file) === 0) return
    for (const page of loggedPages(readFileSync(`${this.#file}-wal`))) {
      this.#written.add(page)
      this.#clean.delete(page)
    }
  }
}

const logBytes = (file: string): number => (existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0)
