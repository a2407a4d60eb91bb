import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomSubscription } from '#domain/engine/subscription.ts'
import type { Metrics } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import { encodeMessage, type HostMessage } from '#protocol/messages.ts'
import { Outbox } from '../connection/outbox.ts'
import { messagesFor } from './batches.ts'
import type { MessageTransport } from './transport.ts'

export interface DeliveryParts {
  readonly transport: MessageTransport
  readonly markBytes: number
  readonly metrics: Metrics
  /** Nothing more can be delivered: `expelled` is why the room ended the session; left out where the room can't be read. */
  lost(expelled?: string): void
}

/** The writing side of one connection: it follows the room while the peer keeps up, and holds a cursor while it does not. */
export class SessionDelivery {
  readonly #parts: DeliveryParts
  readonly #transport: MessageTransport
  readonly #outbox: Outbox
  readonly #waiters = new Waiters()
  #follower: RoomSubscription | undefined

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#transport = parts.transport
    this.#outbox = new Outbox(parts.transport.connection, parts.markBytes, () => this.#drained())
    // Nobody waits for a peer that is gone.
    parts.transport.connection.once('close', () => this.#release())
  }

  get full(): boolean {
    return this.#outbox.full
  }

  get waiting(): number {
    return this.#outbox.waiting
  }

  get taken(): number {
    return this.#outbox.taken
  }

  /** Resolves when there is room for answers again: whoever does not take them is not listened to meanwhile. */
  ready(): Promise<void> {
    if (!this.#outbox.full || !this.#outbox.open) return Promise.resolve()
    return this.#waiters.wait()
  }

  say(message: HostMessage): void {
    if (this.#transport.open) this.#outbox.write(this.#transport.framing.frame(encodeMessage(message)))
  }

  flushed(): Promise<void> {
    return this.#outbox.flushed()
  }

  /** Delivers what happens in the session's room after `after`. */
  follow(session: LocalSession, after: number): void {
    this.unfollow()
    const take = (batch: Batch) => this.#take(batch, session)
    // A place that the room has not reached is of another time, before its history was lost: there is only what comes.
    this.#follower = session.follow(Math.min(after, session.last), take, () => this.#parts.lost(session.expelled))
    this.#resume()
  }

  unfollow(): void {
    this.#follower?.close()
    this.#follower = undefined
  }

  #take(batch: Batch, session: LocalSession): void {
    if (!this.#transport.open) {
      this.unfollow()
      return
    }
    const messages = messagesFor(batch, session, this.#transport.framing)
    if (messages.length > 0) this.#outbox.writeAll(messages)
    if (!this.#outbox.full) return
    this.#parts.metrics.count('catch_ups')
    this.#follower?.pause(batch.last ?? this.#follower.cursor)
  }

  #drained(): void {
    this.#resume()
    this.#release()
  }

  #release(): void {
    this.#waiters.release()
  }

  #resume(): void {
    if (!this.#outbox.full) this.#follower?.resume()
  }
}
