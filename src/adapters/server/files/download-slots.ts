import { places, type UploadHolder, yielding } from '#domain/engine/upload-places.ts'
import type { Clock, Metrics } from '#domain/ports/system.ts'
import type { WholeFile } from '#domain/room/events.ts'

/** A download without progress for this long gives way to another. */
const STILL_MS = 5000
/** A download of a client with this many more than the requester gives way, whatever its speed. */
const MORE = 2

/** The place of one download. */
export interface DownloadSlot {
  /** Call it whenever a piece of it is taken. */
  moved(): void
  release(): void
}

/** The answer behind a download: destroyed when it gives way. */
interface Answer {
  destroy(): unknown
}

interface Open extends UploadHolder {
  readonly answer: Answer
  /** The time of its last piece. */
  movedAt: number
}

/**
 * The downloads of a host. Each costs an open file and a piece or two in memory, so their number is limited (C116). Beyond that, the one
 * idle for longest gives way to the next, or one of a client with far more of them than the requester. It can be resumed.
 */
export class DownloadSlots {
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #most: number
  readonly #open = new Set<Open>()

  /** `most` at once. */
  constructor({ clock, metrics, most }: { clock: Clock; metrics: Metrics; most: number }) {
    this.#clock = clock
    this.#metrics = metrics
    this.#most = most
  }

  /** A place for an answer; undefined if there is none, and no other download gives way. */
  take(holder: UploadHolder, answer: Answer): DownloadSlot | undefined {
    if (this.#open.size >= this.#most && !this.#makePlace(holder)) return undefined
    const open: Open = { ...holder, answer, movedAt: this.#clock.elapsed() }
    this.#open.add(open)
    this.#metrics.gauge('downloads', this.#open.size)
    return {
      moved: () => {
        open.movedAt = this.#clock.elapsed()
      },
      release: () => {
        this.#open.delete(open)
        this.#metrics.gauge('downloads', this.#open.size)
      },
    }
  }

  /** Ends a download that gives way; false if none does. */
  #makePlace(holder: UploadHolder): boolean {
    const open = [...this.#open].sort((one, other) => one.movedAt - other.movedAt)
    const views = open.map(({ address, person, movedAt }, index) => ({
      ...{ id: String(index), address, person },
      ...{ bytes: 0, at: movedAt, mayYield: true },
    }))
    const [longest] = open
    const isStill = longest !== undefined && this.#clock.elapsed() - longest.movedAt >= STILL_MS
    const gives = isStill ? longest : open[Number(yielding(views, holder, places, MORE)?.id)]
    if (gives === undefined) return false
    this.#metrics.count('downloads_shed')
    this.#open.delete(gives)
    gives.answer.destroy()
    return true
  }
}

/** Number of started downloads that are remembered. */
const MOST_BEGUN = 10_000

/**
 * The bytes served to members who download in parts: players fetch the end of a film first, and interrupted downloads are resumed. A
 * member has a file once its last byte was served, and as many bytes as it has.
 */
export class ServedBytes {
  readonly #begun = new Map<string, number>()

  /** Notes `bytes` from `first` on. Answers whether the member has the file now. */
  note(member: string, { id, size }: WholeFile, first: number, bytes: number): boolean {
    const key = `${member} ${id}`
    const sum = (this.#begun.get(key) ?? 0) + bytes
    this.#begun.delete(key)
    if (first + bytes >= size && sum >= size) return true
    this.#begun.set(key, sum)
    const [oldest] = this.#begun.keys()
    if (this.#begun.size > MOST_BEGUN && oldest !== undefined) this.#begun.delete(oldest)
    return false
  }
}
