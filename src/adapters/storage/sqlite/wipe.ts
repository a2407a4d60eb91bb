import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { type Checkpointer, PAGE_SIZE } from './database.ts'
import { freePages, loggedPages, type PageReader, type Unused, unusedParts } from './file-format.ts'

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
      this.#wipe(inOrder(this.#written).slice(0, STEP_PAGES))
      return 'more'
    }
    // Nobody writes between these: the log is empty, and SQLite reads anew what it had in memory.
    this.#checkpointer.run('TRUNCATE')
    if (logBytes(this.#file) > 0) return 'full'
    const free = this.#wipe(inOrder(this.#written))
    this.#wipe(inOrder(free.keys()).filter((page) => !this.#clean.has(page)))
    fdatasyncSync(this.#fd)
    this.#db.exec('PRAGMA shrink_memory')
    return 'done'
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Wipes these ascending pages, as the database file has them; answers which pages are free. */
  #wipe(pages: readonly number[]): ReadonlyMap<number, number> {
    const free = freePages((page) => this.#read(page, 1))
    for (let index = 0; index < pages.length; ) {
      let count = 1
      while (pages[index + count] === pages[index]! + count) count += 1
      this.#wipeRun(pages[index]!, count, free)
      index += count
    }
    return free
  }

  #wipeRun(first: number, count: number, free: ReadonlyMap<number, number>): void {
    const run = this.#read(first, count)
    const inRun = (page: number): Buffer | undefined => {
      const at = (page - first) * PAGE_SIZE
      return at >= 0 && at < run.length ? run.subarray(at, at + PAGE_SIZE) : undefined
    }
    const read: PageReader = (page) => inRun(page) ?? this.#read(page, 1)
    let isClear = true
    for (let page = first; page < first + count; page += 1) {
      const bytes = read(page)
      this.#written.delete(page)
      const freeFrom = free.get(page)
      if (freeFrom !== undefined) this.#clean.add(page)
      const { parts, tails } = freeFrom === undefined ? unusedParts(bytes, page, read) : allFrom(freeFrom)
      for (const [from, to] of parts) if (!clear(bytes, from, to)) isClear = false
      for (const tail of tails) {
        const last = read(tail.page)
        if (clear(last, tail.from, PAGE_SIZE)) continue
        if (inRun(tail.page) === undefined) writeSync(this.#fd!, last, 0, PAGE_SIZE, (tail.page - 1) * PAGE_SIZE)
        else isClear = false
      }
    }
    // Nobody else writes to the file meanwhile.
    if (!isClear) writeSync(this.#fd!, run, 0, run.length, (first - 1) * PAGE_SIZE)
  }

  #read(page: number, count: number): Buffer {
    const bytes = Buffer.alloc(count * PAGE_SIZE)
    readSync(this.#fd!, bytes, 0, bytes.length, (page - 1) * PAGE_SIZE)
    return bytes
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

const allFrom = (from: number): Unused => ({ parts: [[from, PAGE_SIZE]], tails: [] })

/** Answers whether it was clear before. */
const clear = (bytes: Buffer, from: number, to: number): boolean => {
  if (bytes.compare(ZEROS, 0, to - from, from, to) === 0) return true
  bytes.fill(0, from, to)
  return false
}

const inOrder = (pages: Iterable<number>): number[] => [...pages].sort((one, other) => one - other)

const logBytes = (file: string): number => (existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0)
