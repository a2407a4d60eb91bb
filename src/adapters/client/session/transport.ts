import type { Rejected } from '#domain/errors.ts'

/** One connection that carries whole messages, in order. */
export interface MessageTransport {
  send(message: Uint8Array): void
  /** Ends it once everything was sent; the listener still hears of its close. */
  end(): void
  /** Ends it at once; the listener hears nothing more. */
  drop(): void
}

export interface MessageTransportListener {
  opened(): void
  /** Something came, if only a part of a message. */
  heard(): void
  received(message: Uint8Array): void
  /** Once, and last; or `refused` instead, where no connection is to be made again. */
  closed(why: string): void
  refused(why: Rejected): void
}

/** Begins to connect. The listener hears nothing before this has returned. */
export type OpenTransport = (listener: MessageTransportListener) => MessageTransport
