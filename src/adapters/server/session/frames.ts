import type { Duplex } from 'node:stream'
import { rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/system.ts'
import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '#protocol/frames.ts'
import { clientMessageLimits } from '#protocol/messages.ts'
import { Connections } from '../connection/connections.ts'
import { hangUp } from '../connection/idle.ts'
import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { SessionConnection, type SessionParts } from './connection.ts'
import { batchEncoder, FrameTimeout, type Framing, type MessageTransport, type Receiver } from './transport.ts'

/** The server for programs that speak the session protocol in frames: `docs/reference/session-protocol.md`. */
export class FrameSessionServer extends Connections implements ConnectionServer {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    super(parts.clock)
    this.#parts = parts
  }

  accept(incoming: IncomingConnection): void {
    const { clock, settings } = this.#parts
    const transport = new FrameTransport(incoming, clock, settings.frameMs)
    this.add(incoming.connection, new SessionConnection(transport, incoming, this.#parts))
  }
}

const framing: Framing = { frame: joinFrame, batches: batchEncoder(joinFrame) }

/** Messages as frames on a TCP or TLS connection. */
class FrameTransport implements MessageTransport {
  readonly framing = framing
  readonly connection: Duplex
  readonly #head: Buffer
  readonly #clock: Clock
  readonly #frameMs: number
  readonly #splitter = new FrameSplitter(clientMessageLimits.bytes)
  #time: FrameTimeout | undefined
  #paused = false

  constructor({ connection, head }: IncomingConnection, clock: Clock, frameMs: number) {
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
    this.#time = new FrameTimeout(this.#clock, this.#frameMs, (why) => receiver.refuse(why))
    connection.on('data', (chunk: Buffer) => this.#read(chunk, receiver))
    connection.once('end', () => this.#ended(receiver))
    connection.once('close', () => this.#time?.end())
    if (this.#head.length > 0) this.#read(this.#head, receiver)
    // The listener paused it, and it may have ended in the meantime.
    if (connection.readableEnded) this.#ended(receiver)
    else if (!this.#paused) connection.resume()
  }

  pause(): void {
    this.#paused = true
    this.#time?.pause()
    this.connection.pause()
  }

  resume(): void {
    this.#paused = false
    this.#time?.resume()
    this.connection.resume()
  }

  end(): void {
    this.#time?.end()
    hangUp(this.connection, this.#clock)
  }

  #ended(receiver: Receiver): void {
    if (this.#splitter.partial) receiver.refuse(cutShort)
    else receiver.ended()
  }

  #read(chunk: Buffer, receiver: Receiver): void {
    const messages = this.#splitter.push(chunk)
    for (const message of messages) receiver.message(message)
    const { fault, partial } = this.#splitter
    if (fault !== undefined) receiver.refuse(fault)
    this.#time?.read(messages.length > 0, partial && fault === undefined)
  }
}

const cutShort = rejected('BAD_MESSAGE', 'the connection ended within a frame')
