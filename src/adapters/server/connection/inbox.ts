/** Where the items come from; it stops and goes on reading. */
interface Source {
  pause(): unknown
  resume(): unknown
}

export interface InboxParts<Item> {
  readonly source: Source
  /** Returns a promise where the next item must wait for this one. */
  handle(item: Item): Promise<unknown> | undefined
  /** Asked before each next item: whether it must wait until the peer has taken its answers. */
  full(): Promise<void> | undefined
  failed(error: unknown): void
}

/** The items that come in over one connection, handled one after the other. While one waits, the connection is not read. */
export class Inbox<Item> {
  readonly #parts: InboxParts<Item>
  /** `stopped`: takes in nothing more, and handles the items it has. `closed`: drops those too. */
  #status: 'open' | 'stopped' | 'closed' = 'open'
  /** Items behind the one that waits, at most those of one read; undefined while none waits. */
  #behind: Item[] | undefined

  constructor(parts: InboxParts<Item>) {
    this.#parts = parts
  }

  /** An item waits, and the source is paused. */
  get waiting(): boolean {
    return this.#behind !== undefined
  }

  get status(): 'open' | 'stopped' | 'closed' {
    return this.#status
  }

  push(items: readonly Item[]): void {
    if (this.#status !== 'open') return
    if (this.#behind === undefined) this.#work(items)
    else for (const item of items) this.#behind.push(item)
  }

  stop(): void {
    this.#parts.source.pause()
    if (this.#status === 'open') this.#status = 'stopped'
  }

  close(): void {
    this.#status = 'closed'
    this.#behind = undefined
  }

  /** Hot path: nothing waits, and nothing is promised. */
  #work(items: readonly Item[]): void {
    try {
      for (let index = 0; index < items.length && this.#status !== 'closed'; index++) {
        const wait = this.#parts.handle(items[index] as Item) ?? this.#parts.full()
        if (wait === undefined || this.#isClosed()) continue
        this.#behind = items.slice(index + 1)
        this.#parts.source.pause()
        this.#waitFor(wait)
        return
      }
    } catch (error) {
      this.#parts.failed(error)
    }
  }

  #isClosed(): boolean {
    return this.#status === 'closed'
  }

  #waitFor(wait: Promise<unknown>): void {
    wait.then(() => this.#goOn()).catch((error) => this.#parts.failed(error))
  }

  #goOn(): void {
    const behind = this.#behind
    if (behind === undefined) return
    const full = this.#parts.full()
    if (full !== undefined) {
      this.#waitFor(full)
      return
    }
    this.#behind = undefined
    this.#work(behind)
    if (this.#behind === undefined && this.#status === 'open') this.#parts.source.resume()
  }
}
