import { TokenBucket } from '#domain/async/token-bucket.ts'
import type { Code, Rejected } from '#domain/errors.ts'
import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'
import { decodeClientMessage } from '#protocol/messages.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { SessionDelivery } from './delivery.ts'
import { type PeerParts, SessionPeer } from './peer.ts'
import type { MessageTransport, Receiver } from './transport.ts'

export interface SessionParts extends Pick<PeerParts, 'engine' | 'people' | 'accessControl' | 'settings'> {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

type Incoming = Uint8Array | Rejected | 'end'

/** One connection of somebody with a session: its messages are dealt with one after the other, and it is read no faster than that. */
export class SessionConnection implements Receiver {
  readonly #transport: MessageTransport
  readonly #parts: SessionParts
  readonly #delivery: SessionDelivery
  readonly #peer: SessionPeer
  readonly #bucket: TokenBucket
  readonly #cancelHello: Cancel
  /** What was read behind a message that is being dealt with: at most what came at once. */
  #inbox: Incoming[] = []
  #busy = false
  /** `ended`: takes in nothing more. `over`: says nothing more either. */
  #status: 'open' | 'ended' | 'over' | 'gone' = 'open'
  /** It has come into a room. */
  readonly #known: () => void
  #taken = 0
  #takenAt: number
  #reason = 'left'

  constructor(
    transport: MessageTransport,
    visitor: IncomingConnection,
    parts: SessionParts,
    gone: (connection: SessionConnection) => void,
  ) {
    const { clock, log, metrics, settings } = parts
    const { connection } = transport
    this.#known = () => {
      this.#cancelHello()
      visitor.known?.()
    }
    this.#transport = transport
    this.#parts = parts
    this.#delivery = new SessionDelivery({
      transport,
      metrics,
      markBytes: settings.outboxMarkBytes,
      lost: (expelled) => {
        if (expelled === undefined) this.#end('RESTART', 'this room can not be read just now; come back in a moment')
        else this.#end('NOT_A_MEMBER', expelled)
      },
    })
    const { address, loopback } = visitor
    const limited = !loopback || settings.rateOnLoopback
    this.#bucket = new TokenBucket(clock, limited ? settings.messagesPerSecond : 0, settings.messagesBurst)
    this.#peer = new SessionPeer({
      ...parts,
      address,
      bucket: this.#bucket,
      delivery: this.#delivery,
      bye: (code, message) => this.#end(code, message),
      admitted: () => this.#known(),
      failed: this.#failed,
    })
    this.#takenAt = clock.elapsed()
    this.#cancelHello = clock.after(settings.helloMs, () => this.#end('TIMEOUT', 'nobody came in in time'))
    connection.once('close', () => {
      if (this.#status === 'open') this.#reason = 'connection lost'
      this.#status = 'gone'
      this.#inbox = []
      this.#cancelHello()
      gone(this)
      this.#peer.gone(this.#reason).catch(this.#failed)
    })
    connection.on('error', (error) => {
      log.info('a connection broke', { error: 'code' in error ? String(error.code) : error.message })
    })
    transport.start(this)
  }

  message(bytes: Uint8Array): void {
    this.#take(bytes)
  }

  refuse(why: Rejected): void {
    this.#take(why)
  }

  ended(): void {
    this.#take('end')
  }

  stopReading(): void {
    this.#transport.pause()
    if (this.#status === 'open') this.#status = 'ended'
  }

  /** Says that the host stops, and resolves when the peer has it. */
  async farewell(why: string): Promise<void> {
    this.#reason = why
    await this.#peer.answered()
    this.hangUp(why)
    await this.#delivery.flushed()
  }

  /** The host stops: ends the connection after what was written. */
  hangUp(why: string): void {
    this.#end('RESTART', why)
  }

  /** Closes a peer that has taken nothing for `ms` with data waiting: half open, or hostile. */
  sweep(now: number, ms: number): void {
    const { taken } = this.#delivery
    if (taken !== this.#taken || this.#delivery.waiting === 0) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > ms) {
      this.#reason = 'took nothing for too long'
      this.#transport.connection.destroy()
    }
  }

  #take(incoming: Incoming): void {
    if (this.#status !== 'open') return
    if (this.#busy) this.#inbox.push(incoming)
    else this.#work([incoming])
  }

  /** Hot path: nothing waits, and nothing is promised. */
  #work(incoming: readonly Incoming[]): void {
    for (let index = 0; index < incoming.length; index++) {
      if (this.#status !== 'open') return
      const wait = this.#handle(incoming[index] as Incoming)
      if (wait === undefined) continue
      this.#inbox = incoming.slice(index + 1)
      this.#waitFor(wait)
      return
    }
  }

  #handle(incoming: Incoming): Promise<unknown> | undefined {
    if (incoming === 'end') return this.#peer.answered().then(() => this.#end('CLOSED', 'you left'))
    const message = incoming instanceof Uint8Array ? decodeClientMessage(incoming) : incoming
    if (message.type === 'rejected') {
      this.#parts.metrics.count('bad_messages')
      // What was asked for before has its answer first.
      return this.#peer.answered().then(() => this.#end('BAD_MESSAGE', message.message))
    }
    const wait = this.#peer.handle(message)
    const slow = this.#bucket.charge(1) ? this.#bucket.ready() : undefined
    // Whoever does not take the answers gets no more of them.
    const full = this.#delivery.full ? this.#delivery.ready() : undefined
    return slow === undefined && full === undefined ? wait : Promise.all([wait, slow, full])
  }

  #waitFor(wait: Promise<unknown>): void {
    this.#busy = true
    this.#transport.pause()
    wait
      .then(() => {
        this.#busy = false
        this.#work(this.#inbox.splice(0))
        if (!this.#busy && this.#status === 'open') this.#transport.resume()
      })
      .catch(this.#failed)
  }

  #end(code: Code, message: string): void {
    if (this.#status === 'over' || this.#status === 'gone') return
    this.#delivery.say({ type: 'bye', code, message })
    this.#status = 'over'
    this.#cancelHello()
    this.#transport.end(code)
    this.#peer.gone(this.#reason).catch(this.#failed)
  }

  readonly #failed = (error: unknown): void => {
    this.#parts.log.error('a connection was closed because of an error of ours', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    this.#transport.connection.destroy()
  }
}
