import type { Duplex } from 'node:stream'
import { type MemoryConnection, memoryPair, type PairOptions } from './pair.ts'

/** Whoever takes connections: a `Tamtam` that was started. */
export interface ConnectionAcceptor {
  accept(connection: Duplex): void
}

/** A network in memory, to one host, whose connections can be slowed down, held up and cut. */
export class MemoryNetwork {
  readonly #host: ConnectionAcceptor
  readonly #options: PairOptions
  readonly #open = new Set<MemoryConnection>()
  #stalled = false

  constructor(host: ConnectionAcceptor, options: PairOptions = {}) {
    this.#host = host
    this.#options = options
  }

  /** One more connection to the host; as `dial` it is what `connect` asks for. */
  readonly dial = (): MemoryConnection => {
    const [near, far] = memoryPair(this.#options)
    for (const end of [near, far]) {
      this.#open.add(end)
      end.once('close', () => this.#open.delete(end))
      if (this.#stalled) end.stall()
    }
    this.#host.accept(far)
    return near
  }

  /** From now on nothing arrives anywhere, and nobody is told, until `unstall`. */
  stall(): void {
    this.#stalled = true
    for (const end of this.#open) end.stall()
  }

  unstall(): void {
    this.#stalled = false
    for (const end of this.#open) end.unstall()
  }

  cutAll(): void {
    for (const end of [...this.#open]) end.destroy()
  }
}
