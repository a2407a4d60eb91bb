import { Duplex, type DuplexOptions } from 'node:stream'

export interface PairOptions {
  /** Each piece arrives this much later, in milliseconds of real time. */
  readonly latencyMs?: number
  readonly highWaterMark?: number
}

/** One end of a connection in memory. `stall` makes its peer's writes wait, as a reader does that stops reading. */
export class MemoryConnection extends Duplex {
  readonly #latencyMs: number
  #peer: MemoryConnection | undefined
  #waiting: (() => void) | undefined
  #stalled = false

  constructor(options: PairOptions) {
    const size: DuplexOptions = options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark }
    super({ ...size, allowHalfOpen: true, decodeStrings: true })
    this.#latencyMs = options.latencyMs ?? 0
  }

  connect(peer: MemoryConnection): void {
    this.#peer = peer
  }

  /** Takes nothing more of what the peer writes until `unstall`. */
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
    this.#later(() => this.#peer?.receive(bytes, taken))
  }

  /** What was written while a piece was on its way goes together, or each would wait for those before it. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], taken: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'buffer', taken)
  }

  override _final(taken: (error?: Error | null) => void): void {
    this.#later(() => {
      this.#peer?.receive(null, taken)
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const peer = this.#peer
    this.#peer = undefined
    if (peer !== undefined && !peer.destroyed) queueMicrotask(() => peer.destroy())
    done(error)
  }

  /** What the peer wrote arrives: it is told that it was taken once somebody here wants more. */
  receive(bytes: Buffer | null, taken: () => void): void {
    if (this.destroyed) {
      taken()
      return
    }
    const arrive = () => {
      // A copy, as the system makes one: the writer may use its buffer again once it was taken.
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

/** Two connected ends, in memory: for tests, and for embedders who want a door without a network. */
export function memoryPair(options: PairOptions = {}): [MemoryConnection, MemoryConnection] {
  const near = new MemoryConnection(options)
  const far = new MemoryConnection(options)
  near.connect(far)
  far.connect(near)
  return [near, far]
}
