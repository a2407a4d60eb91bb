import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** `reset`: RST, what has not been read is lost. `end`: FIN to both sides, as when a program is ended properly. */
export type Ending = 'reset' | 'end'

type Fault =
  | { readonly type: 'cut'; readonly at: number; readonly how: Ending }
  | { readonly type: 'flip'; readonly at: number }
  | { readonly type: 'stall'; readonly at: number }

/** The connection whose bytes a lane passes on. */
export interface Link {
  readonly cut: (how: Ending) => void
  /** What it carries goes nowhere, and neither does its end. */
  forgotten: boolean
}

/** A throttled lane passes this much of a second at once. */
const SLICE_SECONDS = 0.05

/**
 * One direction through a proxy, of all its connections together: offsets count the bytes that went this way through any of
 * them, and each fault happens once, to the connection whose byte it is.
 */
export class Lane {
  /** Where set, what passes is slowed down to this, for each connection. */
  bytesPerSecond: number | undefined
  /** Where set, no segment is longer. */
  segmentBytes: number | undefined
  #passed = 0
  #faults: Fault[] = []
  #stalled: PromiseWithResolvers<void> | undefined

  /** Bytes that were handed to the side that they are for. */
  get passed(): number {
    return this.#passed
  }

  /** Cuts the connection that carries the byte at this offset, before that byte. */
  cutAt(at: number, how: Ending = 'reset'): void {
    this.#add({ type: 'cut', at, how })
  }

  /** Changes one bit of the byte at this offset. */
  flipAt(at: number): void {
    this.#add({ type: 'flip', at })
  }

  /** From this offset on nothing passes, on no connection, and nothing is read, until `release`. */
  stallAt(at: number): void {
    this.#add({ type: 'stall', at })
  }

  stall(): void {
    this.#stalled ??= Promise.withResolvers()
  }

  release(): void {
    this.#stalled?.resolve()
    this.#stalled = undefined
  }

  /** Nothing more happens, also of what is to come. */
  heal(): void {
    this.#faults = []
    this.release()
  }

  get stalled(): boolean {
    return this.#stalled !== undefined
  }

  /** Passes a chunk on, as slowly as the reader or this lane wants it. */
  async pass(chunk: Buffer, to: Socket, link: Link): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      await this.#stalled?.promise
      if (to.destroyed || link.forgotten) return
      const fault = this.#faults[0]
      if (fault?.at === this.#passed) {
        this.#faults.shift()
        rest = this.#suffer(fault, rest, link)
        continue
      }
      const slice = this.bytesPerSecond === undefined ? rest.length : Math.ceil(this.bytesPerSecond * SLICE_SECONDS)
      const size = Math.min(
        rest.length,
        slice,
        this.segmentBytes ?? rest.length,
        (fault?.at ?? Infinity) - this.#passed,
      )
      this.#passed += size
      await this.#write(rest.subarray(0, size), to)
      rest = rest.subarray(size)
    }
  }

  #suffer(fault: Fault, rest: Buffer, link: Link): Buffer {
    switch (fault.type) {
      case 'cut':
        link.cut(fault.how)
        return rest.subarray(rest.length)
      case 'stall':
        this.stall()
        return rest
      case 'flip': {
        const changed = Buffer.from(rest)
        changed.writeUInt8(changed.readUInt8(0) ^ 1, 0)
        return changed
      }
      default:
        return fault satisfies never
    }
  }

  async #write(bytes: Buffer, to: Socket): Promise<void> {
    const rate = this.bytesPerSecond
    if (this.segmentBytes !== undefined || rate !== undefined) {
      // In a segment of its own: the next is written when this one has left, and the reader had its turn.
      await new Promise<void>((resolve) => to.write(bytes, () => setImmediate(resolve)))
      if (rate !== undefined) await pause((bytes.length / rate) * 1000)
      return
    }
    if (to.write(bytes)) return
    const waiting = new AbortController()
    const { signal } = waiting
    await Promise.race([once(to, 'drain', { signal }), once(to, 'close', { signal })]).finally(() => waiting.abort())
  }

  #add(fault: Fault): void {
    if (fault.at < this.#passed) throw new RangeError(`byte ${fault.at} has passed already`)
    this.#faults = [...this.#faults, fault].sort((one, other) => one.at - other.at)
  }
}
