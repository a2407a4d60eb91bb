import type { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../../../domain/ports/clock.ts'
import { rejected } from '../../../domain/rejection.ts'
import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '../../codec/wire/frames.ts'
import { clientMessageLimits } from '../../codec/wire/limits.ts'
import { hangUp } from '../shared/hang-up.ts'
import { batchEncoder } from '../shared/session/batches.ts'
import type { Carrier, Framing, Receiver } from '../shared/session/carrier.ts'
import type { Visitor } from '../shared/visitor.ts'

const framing: Framing = { frame: joinFrame, batches: batchEncoder(joinFrame) }

/** Messages as frames on a connection of their own. */
export class FramesCarrier implements Carrier {
  readonly framing = framing
  readonly connection: Duplex
  readonly #head: Buffer
  readonly #clock: Clock
  readonly #frameMs: number
  readonly #splitter = new FrameSplitter(clientMessageLimits.bytes)
  #cancelFrame: Cancel | undefined

  constructor({ connection, head }: Visitor, clock: Clock, frameMs: number) {
    this.connection = connection
    this.#head = head.subarray(FRAMES_MAGIC.length)
    this.#clock = clock
    this.#frameMs = frameMs
  }

  get open(): boolean {
    return this.connection.writable
  }

  start(receiver: Receiver): void {
    const { connection } = this
    connection.on('data', (chunk: Buffer) => this.#read(chunk, receiver))
    connection.once('end', () => receiver.ended())
    connection.once('close', () => this.#cancelFrame?.())
    if (this.#head.length > 0) this.#read(this.#head, receiver)
    // The listener paused it, and its end may have come meanwhile.
    if (connection.readableEnded) receiver.ended()
    else if (!this.#paused) connection.resume()
  }

  #paused = false

  pause(): void {
    this.#paused = true
    this.connection.pause()
  }

  resume(): void {
    this.#paused = false
    this.connection.resume()
  }

  end(): void {
    this.#cancelFrame?.()
    hangUp(this.connection, this.#clock)
  }

  #read(chunk: Buffer, receiver: Receiver): void {
    const messages = this.#splitter.push(chunk)
    for (const message of messages) receiver.message(message)
    const { fault, partial } = this.#splitter
    if (fault !== undefined) receiver.refuse(fault)
    this.#watch(messages.length > 0, partial && fault === undefined, receiver)
  }

  /** A frame that has begun has its time to end (C34), whatever else of it trickles in. */
  #watch(anew: boolean, partial: boolean, receiver: Receiver): void {
    if (anew || !partial) {
      this.#cancelFrame?.()
      this.#cancelFrame = undefined
    }
    if (partial) this.#cancelFrame ??= this.#clock.after(this.#frameMs, () => receiver.refuse(tooSlow))
  }
}

const tooSlow = rejected('BAD_MESSAGE', 'a frame did not end in time')
