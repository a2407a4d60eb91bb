import { FileMissing } from '#domain/ports/file-store.ts'
import { MOST_PAGES, PAGE_BYTES, PageCache } from './page-cache.ts'
import { ReaderNotifier } from './reader-notifier.ts'

/** A reader of one file. */
export interface LiveReaderSource {
  readonly id: string
  /** Where it reads now. */
  readonly at: number
  /** Ends it with an error. */
  fail(error: Error): void
  /** Ends it if it has read more than `size` bytes, which the file has now. */
  fallBack(size: number): void
}

/** What the shared pages hold. */
const NEAR_BYTES = MOST_PAGES * PAGE_BYTES

/** Who reads in a vault, and how far the files on their way have got, whether somebody writes them now or not. */
export class LiveReader {
  /** What several readers of one file share. */
  readonly pages = new PageCache()
  readonly #readers = new Map<string, Set<LiveReaderSource>>()
  readonly #growths = new Map<string, ReaderNotifier>()

  /** Of a file that is known to be on its way. */
  growth(id: string): ReaderNotifier | undefined {
    return this.#growths.get(id)
  }

  /** Of a file that is on its way, with `durable` bytes as far as anybody knew. */
  follow(id: string, durable: number): ReaderNotifier {
    const growth = this.#growths.get(id) ?? new ReaderNotifier(durable)
    this.#growths.set(id, growth)
    return growth
  }

  begin(reader: LiveReaderSource): void {
    const { id } = reader
    const readers = this.#readers.get(id) ?? new Set()
    this.#readers.set(id, readers.add(reader))
  }

  end(reader: LiveReaderSource): void {
    const { id } = reader
    const readers = this.#readers.get(id)
    readers?.delete(reader)
    if (readers === undefined || readers.size > 0) return
    this.#readers.delete(id)
    this.pages.drop(id)
  }

  /** Whether somebody else reads about where this one does: only then the same pages are of use to both. */
  hasCompany(reader: LiveReaderSource): boolean {
    for (const other of this.#of(reader.id))
      if (other !== reader && Math.abs(other.at - reader.at) <= NEAR_BYTES) return true
    return false
  }

  /** The file is not on its way any more: it is whole, or not there. */
  forget(id: string): void {
    this.#growths.delete(id)
  }

  /** The file is not there any more. */
  remove(id: string): void {
    this.forget(id)
    this.pages.drop(id)
    for (const reader of this.#of(id)) reader.fail(new FileMissing('the file has been removed'))
  }

  /** The file has only `size` bytes now; those who read more must not go on. */
  fallBack(id: string, size: number): void {
    this.pages.drop(id)
    for (const reader of this.#of(id)) reader.fallBack(size)
  }

  fail(error: Error): void {
    for (const readers of this.#readers.values()) for (const reader of readers) reader.fail(error)
  }

  #of(id: string): Iterable<LiveReaderSource> {
    return this.#readers.get(id) ?? []
  }
}
