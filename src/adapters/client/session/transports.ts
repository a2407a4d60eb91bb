import { type Rejected, rejected } from '#domain/errors.ts'
import { SUBPROTOCOL } from '#protocol/messages.ts'
import { NotTrusted } from '../errors.ts'

/** One connection that carries whole messages, in order. */
export interface MessageTransport {
  send(message: Uint8Array): void
  /** Ends it once everything was sent; the listener is still told of its close. */
  end(): void
  /** Ends it at once; the listener is told nothing more. */
  drop(): void
}

export interface MessageTransportListener {
  opened(): void
  /** Data arrived, perhaps only a part of a message. */
  heard(): void
  received(message: Uint8Array): void
  /** Called once, and last; or `refused` instead, after which no new connection must be opened. */
  closed(why: string): void
  refused(why: Rejected): void
}

/** Begins to connect. Nothing is delivered to the listener before this has returned. */
export type OpenTransport = (listener: MessageTransportListener) => MessageTransport

/** The part of a WebSocket used here: of browsers, of Node, and of packages. */
export interface WebSocketLike {
  binaryType: string
  send(message: Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: 'open' | 'close', heard: () => void): void
  addEventListener(type: 'error', heard: (event: { readonly error?: unknown }) => void): void
  addEventListener(type: 'message', heard: (event: { readonly data: unknown }) => void): void
}

export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike

/** Messages over a WebSocket; also runs in a page. */
export const webSocketTo =
  (url: string, Socket: WebSocketClass): OpenTransport =>
  (listener) => {
    const socket = new Socket(url, SUBPROTOCOL)
    socket.binaryType = 'arraybuffer'
    let opened = false
    let over = false
    const closed = () => {
      if (over) return
      over = true
      listener.closed(opened ? 'the host ended the connection' : 'no connection is made')
    }
    socket.addEventListener('open', () => {
      opened = true
      if (!over) listener.opened()
    })
    socket.addEventListener('message', ({ data }) => {
      if (!over && data instanceof ArrayBuffer) listener.received(new Uint8Array(data))
    })
    // It gives no cause, and some implementations do not close after it.
    socket.addEventListener('error', ({ error }) => {
      if (error instanceof NotTrusted && !over) {
        over = true
        listener.refused(rejected(error.code, error.message))
      } else closed()
    })
    socket.addEventListener('close', closed)
    return {
      send: (message) => socket.send(new Uint8Array(message)),
      end: () => socket.close(),
      drop: () => {
        over = true
        socket.close()
      },
    }
  }
