import { Duplex, type DuplexOptions } from 'node:stream'

/** Properties of both ends of a pair. */
export interface PairOptions {
  /** Delay of each piece, in milliseconds of real time. */
  readonly latencyMs?: number
  /** Bytes that an end buffers before a write waits; left out: Node's default. */
  readonly highWaterMark?: number
}

/** One end of a connection in memory. After `stall`, writes of the other end wait, as if this end had stopped reading. */
export class MemoryConnection extends Duplex {
  readonly #latencyMs: number
  #other: MemoryConnection | undefined
  #waiting: (() => void) | undefined
  #stalled = false

  constructor(options: PairOptions) {
    const size: DuplexOptions = options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark }
    super({ ...size, allowHalfOpen: true, decodeStrings: true })
    this.#latencyMs = options.latencyMs ?? 0
  }

  connect(other: MemoryConnection): void {
    this.#other = other
  }

  /** Reads nothing from the other end until `unstall`. */
  stall(): void {
    this.#stalled = true
  }

  unstall(): void {
    this.#stalled = false
    this._read()
  }

  override _read(): void {
    if (this.#stalled) return
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding | 'buffer', taken: (error?: Error | null) => void): void {
    this.#later(() => this.#other?.receive(bytes, taken))
  }

  /** Pieces written while another was on its way go together; otherwise each would wait for those before it. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], taken: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'buffer', taken)
  }

  override _final(taken: (error?: Error | null) => void): void {
    this.#later(() => {
      this.#other?.receive(null, taken)
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other
    this.#other = undefined
    // If both sides have ended, the other end may still read bytes that have arrived.
    const isThrough = this.readableEnded && this.writableFinished
    if (other !== undefined && !other.destroyed && !isThrough) queueMicrotask(() => other.destroy())
    done(error)
  }

  /** Bytes of the other end arrive. It is told that they were taken once the reader here wants more. */
  receive(bytes: Buffer | null, taken: () => void): void {
    if (this.destroyed) {
      taken()
      return
    }
    const arrive = () => {
      // A copy, as the system would make: the writer may reuse its buffer afterwards.
      const wantsMore = this.push(bytes === null ? null : Buffer.from(bytes))
      if (wantsMore || bytes === null) taken()
      else this.#waiting = taken
    }
    if (this.#stalled) this.#waiting = arrive
    else arrive()
  }

  #later(run: () => void): void {
    if (this.#latencyMs > 0) setTimeout(run, this.#latencyMs)
    else run()
  }
}

/**
 * Two connected ends, in memory: for tests, and for embedders that want a server without a network.
 *
 * ```ts
 * const [near, far] = memoryPair()
 * tamtam.accept(far)
 * near.write('halo\n')
 * ```
 */
export function memoryPair(options: PairOptions = {}): [MemoryConnection, MemoryConnection] {
  const near = new MemoryConnection(options)
  const far = new MemoryConnection(options)
  near.connect(far)
  far.connect(near)
  return [near, far]
}

/** A host of connections: a started `Tamtam`. */
export interface ConnectionAcceptor {
  accept(connection: Duplex): void
}

/** A network in memory with one host; its connections can be slowed down, stalled and cut. */
export class MemoryNetwork {
  readonly #host: ConnectionAcceptor
  readonly #options: PairOptions
  readonly #open = new Set<MemoryConnection>()
  #stalled = false

  constructor(host: ConnectionAcceptor, options: PairOptions = {}) {
    this.#host = host
    this.#options = options
  }

  /** One more connection to the host, for `connect`'s option `dial`. */
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
