import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Server, WebSocket, WebSocketServer } from 'ws'
import { TokenBucket } from '#domain/async/token-bucket.ts'
import { type Code, rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/system.ts'
import { clientMessageLimits, SUBPROTOCOL } from '#protocol/messages.ts'
import { Connections } from '../connection/connections.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { SessionConnection, type SessionParts } from './connection.ts'
import type { SessionServerSettings } from './settings.ts'
import { batchEncoder, FrameTimeout, type Framing, type MessageTransport, type Receiver } from './transport.ts'

const GRACE_MS = 2000
const NORMAL = 1000
const UNSUPPORTED_DATA = 1003
const POLICY_VIOLATION = 1008
const SERVICE_RESTART = 1012

const FINAL_BINARY = 0x82
const FINAL = 0x80
const CONTROL = 0x08
const MASKED = 0x80
const TWO_BYTES = 126
const EIGHT_BYTES = 127
const LONGEST_HEAD = 14

type Closing = Parameters<WebSocket['close']>

/**
 * A WebSocket that closes only when its transport says so: ws itself would close at a fault or at the peer's close frame, before earlier
 * requests are answered.
 */
export class TransportWebSocket extends WebSocket {
  /** Called in place of a close by ws. */
  asked: ((...closing: Closing) => void) | undefined

  override close(...closing: Closing): void {
    if (this.asked === undefined) super.close(...closing)
    else this.asked(...closing)
  }
}

/** The server for pages and programs that speak the session protocol over a WebSocket: `docs/reference/session-protocol.md`. */
export class WebSocketSessionServer extends Connections {
  readonly #parts: SessionParts
  readonly #server: Server<typeof TransportWebSocket>

  constructor(parts: SessionParts) {
    super(parts.clock)
    const { settings } = parts
    this.#parts = parts
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: TransportWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: clientMessageLimits.bytes,
      maxFragments: settings.fragments,
      maxBufferedChunks: settings.bufferedChunks,
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    })
  }

  /** Whether a request is for a WebSocket of this server. */
  wants({ url = '', headers, method }: Pick<IncomingMessage, 'url' | 'headers' | 'method'>): boolean {
    return method === 'GET' && url.split('?', 1)[0] === '/ws' && headers.upgrade?.toLowerCase() === 'websocket'
  }

  /** Takes over a connection with a WebSocket request. */
  upgrade(request: IncomingMessage, incoming: IncomingConnection): void {
    const { connection, head } = incoming
    this.#server.handleUpgrade(request, connection, head, (webSocket) => {
      const { clock, metrics, settings } = this.#parts
      metrics.count('connections_websocket')
      const transport = new WebSocketTransport(webSocket, connection, clock, settings)
      this.add(connection, new SessionConnection(transport, { ...incoming, headers: request.headers }, this.#parts))
    })
  }
}

/** Messages over a WebSocket. */
class WebSocketTransport implements MessageTransport {
  readonly framing = framing
  readonly connection: Duplex
  readonly #webSocket: TransportWebSocket
  readonly #clock: Clock
  readonly #pings: TokenBucket
  readonly #frameMs: number
  #time: FrameTimeout | undefined
  #sentText = false
  /** The close code that ws would have sent; it takes precedence over ours. */
  #closing: Closing | undefined

  constructor(webSocket: TransportWebSocket, connection: Duplex, clock: Clock, settings: SessionServerSettings) {
    this.connection = connection
    this.#webSocket = webSocket
    this.#clock = clock
    this.#pings = new TokenBucket(clock, settings.pingsPerSecond, settings.pingsBurst)
    this.#frameMs = settings.frameMs
  }

  get open(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN
  }

  start(receiver: Receiver): void {
    const webSocket = this.#webSocket
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) receiver.message(data)
      else {
        this.#sentText = true
        receiver.refuse(notBinary)
      }
    })
    webSocket.on('ping', (data: Buffer) => {
      // The answers would accumulate here if nobody takes them (C100).
      if (this.#pings.charge(1)) receiver.refuse(tooManyPings)
      else if (this.open) webSocket.pong(data)
    })
    const time = new FrameTimeout(this.#clock, this.#frameMs, (why) => receiver.refuse(why))
    const ends = new MessageEnds()
    this.#time = time
    // Registered after ws's own listener, so that the message has been handled by then.
    this.connection.on('data', (chunk: Buffer) => time.read(ends.push(chunk), ends.partial))
    this.connection.once('close', () => time.end())
    webSocket.asked = (...closing) => {
      this.#closing = closing
      const [code, reason] = closing
      // The peer's own close comes with its reason.
      if (code !== undefined && reason === undefined) receiver.refuse(notWebSocket)
      else receiver.ended()
    }
    // Reported as a close, too; the server reports the cause.
    webSocket.on('error', () => {})
  }

  pause(): void {
    this.#time?.pause()
    this.#webSocket.pause()
  }

  resume(): void {
    this.#time?.resume()
    this.#webSocket.resume()
  }

  end(code: Code | undefined): void {
    const webSocket = this.#webSocket
    this.#time?.end()
    // Its close frame must be read.
    webSocket.resume()
    webSocket.asked = undefined
    webSocket.close(...(this.#closing ?? [this.#codeFor(code)]))
    const cancel = this.#clock.after(GRACE_MS, () => webSocket.terminate())
    this.connection.once('close', cancel)
  }

  #codeFor(code: Code | undefined): number {
    if (this.#sentText) return UNSUPPORTED_DATA
    if (code === 'RESTART') return SERVICE_RESTART
    return code === 'CLOSED' ? NORMAL : POLICY_VIOLATION
  }
}

/** A binary message in one frame from a server: not masked, not compressed (RFC 6455, section 5.2). */
export function binaryFrame(message: Uint8Array): Uint8Array {
  const { length } = message
  const headerBytes = length < TWO_BYTES ? 2 : length < 2 ** 16 ? 4 : 10
  const frame = new Uint8Array(headerBytes + length)
  const view = new DataView(frame.buffer)
  frame[0] = FINAL_BINARY
  if (headerBytes === 2) frame[1] = length
  else if (headerBytes === 4) {
    frame[1] = TWO_BYTES
    view.setUint16(2, length)
  } else {
    frame[1] = EIGHT_BYTES
    view.setBigUint64(2, BigInt(length))
  }
  frame.set(message, headerBytes)
  return frame
}

/**
 * Frames of our own, written directly to the connection: a batch is framed once for all readers, while ws would frame it for each.
 * Without compression, ws queues nothing that they could overtake.
 */
const framing: Framing = { frame: binaryFrame, batches: batchEncoder(binaryFrame) }

/** Finds the ends of WebSocket messages (RFC 6455, section 5.2) for their timeout; ws checks their content and validity. */
export class MessageEnds {
  readonly #head = new Uint8Array(LONGEST_HEAD)
  #headBytes = 0
  #payloadBytes = 0
  /** Between two fragments of one message. */
  #within = false

  /** A message has begun and not ended. */
  get partial(): boolean {
    return this.#within || this.#headBytes > 0
  }

  /** Whether a message ended here. Control frames between its fragments, such as a ping, give it no more time. */
  push(chunk: Uint8Array): boolean {
    let ended = false
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadBytes > 0) {
        const taken = Math.min(this.#payloadBytes, chunk.length - at)
        this.#payloadBytes -= taken
        at += taken
      } else {
        this.#head[this.#headBytes++] = chunk[at++] ?? 0
        if (this.#headBytes < this.#headSize()) continue
        this.#payloadBytes = this.#length()
      }
      if (this.#payloadBytes > 0) continue
      this.#headBytes = 0
      const first = this.#head[0] ?? 0
      if ((first & CONTROL) === 0) this.#within = (first & FINAL) === 0
      if (!this.#within) ended = true
    }
    return ended
  }

  #headSize(): number {
    if (this.#headBytes < 2) return 2
    const second = this.#head[1] ?? 0
    const short = second & ~MASKED
    const length = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0
    return 2 + length + ((second & MASKED) === 0 ? 0 : 4)
  }

  #length(): number {
    const view = new DataView(this.#head.buffer)
    const short = view.getUint8(1) & ~MASKED
    if (short === TWO_BYTES) return view.getUint16(2)
    return short === EIGHT_BYTES ? Number(view.getBigUint64(2)) : short
  }
}

const notBinary = rejected('BAD_MESSAGE', 'this protocol has binary messages only')
const notWebSocket = rejected('BAD_MESSAGE', 'this is nothing that a WebSocket carries')
const tooManyPings = rejected('BAD_MESSAGE', 'these are too many pings')
