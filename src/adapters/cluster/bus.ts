/** Messages between nodes that are not kept: each comes once, in the order of its sender, or not at all. */
export interface MessageBus {
  /** Whether others can be reached, as far as is known. */
  readonly isConnected: boolean
  publish(subject: string, data: Uint8Array): void
  /** Calls `take` with each message on the subject, until the answer is called. `answer` is there where the sender waits for one. */
  subscribe(subject: string, take: (data: Uint8Array, answer?: (data: Uint8Array) => void) => void): () => void
  /** The answer of the one who has subscribed; undefined where nobody has, or none comes in time. */
  request(subject: string, data: Uint8Array, ms: number): Promise<Uint8Array | undefined>
}

type Take = Parameters<MessageBus['subscribe']>[1]

/** What several buses in one process share. */
export class MemoryHub {
  readonly takers = new Map<string, Set<{ readonly bus: MemoryBus; readonly take: Take }>>()
}

/** A node's bus in memory, for tests: it can be cut off, and lose messages. */
export class MemoryBus implements MessageBus {
  readonly #hub: MemoryHub
  isConnected = true
  /** Whether a message of this node is lost. */
  loses: (subject: string) => boolean = () => false

  constructor(hub: MemoryHub) {
    this.#hub = hub
  }

  publish(subject: string, data: Uint8Array): void {
    this.#send(subject, data)
  }

  subscribe(subject: string, take: Take): () => void {
    const taker = { bus: this, take }
    const all = this.#hub.takers.get(subject) ?? new Set()
    this.#hub.takers.set(subject, all.add(taker))
    return () => all.delete(taker)
  }

  request(subject: string, data: Uint8Array, ms: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      if (!this.#send(subject, data, resolve)) return resolve(undefined)
      setTimeout(() => resolve(undefined), ms).unref()
    })
  }

  #send(subject: string, data: Uint8Array, answer?: (data: Uint8Array) => void): boolean {
    const takers = this.#hub.takers.get(subject) ?? new Set()
    if (!this.isConnected || this.loses(subject)) return takers.size > 0
    for (const taker of takers)
      queueMicrotask(() => {
        if (taker.bus.isConnected && takers.has(taker)) taker.take(data, answer)
      })
    return takers.size > 0
  }
}
