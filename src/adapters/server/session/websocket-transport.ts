import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { TokenBucket } from '#domain/async/token-bucket.ts'
import { type Code, rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/system.ts'
import { FrameTime } from './frame-timeout.ts'
import type { SessionServerSettings } from './settings.ts'
import type { MessageTransport, Receiver } from './transport.ts'
import { framing } from './websocket-framing.ts'
import { MessageEnds } from './websocket-message-ends.ts'

const GRACE_MS = 2000
const NORMAL = 1000
const UNSUPPORTED_DATA = 1003
const POLICY_VIOLATION = 1008
const SERVICE_RESTART = 1012

type Closing = Parameters<WebSocket['close']>

/** A WebSocket that ends only when its carrier says so: ws would, on a fault or a word of the peer's, before what was asked for is answered. */
export class TransportWebSocket extends WebSocket {
  /** Hears how ws would close it. */
  asked: ((...closing: Closing) => void) | undefined

  override close(...closing: Closing): void {
    if (this.asked === undefined) super.close(...closing)
    else this.asked(...closing)
  }
}

/** Messages on a WebSocket. */
export class WebSocketTransport implements MessageTransport {
  readonly framing = framing
  readonly connection: Duplex
  readonly #webSocket: TransportWebSocket
  readonly #clock: Clock
  readonly #pings: TokenBucket
  readonly #frameMs: number
  #time: FrameTime | undefined
  #sentText = false
  /** What ws would have said, which goes before what we would. */
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
      // The answers would gather here where nobody takes them (C100).
      if (this.#pings.charge(1)) receiver.refuse(tooManyPings)
      else if (this.open) webSocket.pong(data)
    })
    const time = new FrameTime(this.#clock, this.#frameMs, (why) => receiver.refuse(why))
    const ends = new MessageEnds()
    this.#time = time
    // Behind that of ws: what a message makes us do is done by then.
    this.connection.on('data', (chunk: Buffer) => time.read(ends.push(chunk), ends.partial))
    this.connection.once('close', () => time.end())
    webSocket.asked = (...closing) => {
      this.#closing = closing
      const [code, reason] = closing
      // A peer's own closing comes with its reason.
      if (code !== undefined && reason === undefined) receiver.refuse(notWebSocket)
      else receiver.ended()
    }
    // It is told as a closing, too; the door reports what broke.
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
    // Its own closing must be read.
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

const notBinary = rejected('BAD_MESSAGE', 'this protocol has binary messages only')
const notWebSocket = rejected('BAD_MESSAGE', 'this is nothing that a WebSocket carries')
const tooManyPings = rejected('BAD_MESSAGE', 'these are too many pings')
