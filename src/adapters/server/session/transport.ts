import type { Duplex } from 'node:stream'
import type { Code, Rejected } from '#domain/errors.ts'
import type { Encoder } from '#domain/room/batch.ts'

/** How messages stand on the wire; one for each kind of carrier, so that what it encodes is shared by all its readers. */
export interface Framing {
  frame(message: Uint8Array): Uint8Array
  /** What everybody gets of a batch: made once, and shared by all its readers to whom nothing of it is personal. */
  readonly batches: Encoder<readonly Uint8Array[]>
}

/** Where a carrier puts what comes in. */
export interface Receiver {
  message(bytes: Uint8Array): void
  /** What came is no message; said behind the messages before it. */
  refuse(why: Rejected): void
  /** The peer says nothing more, but may still listen. */
  ended(): void
}

/** A connection that carries whole messages both ways. */
export interface MessageTransport {
  readonly connection: Duplex
  readonly framing: Framing
  /** Messages may be written. */
  readonly open: boolean
  start(receiver: Receiver): void
  /** Stops and goes on reading; what was read already may still come. */
  pause(): void
  resume(): void
  /** Ends the connection after what was written, and says why in the carrier's own way where it has one. */
  end(code: Code | undefined): void
}
