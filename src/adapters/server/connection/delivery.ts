import type { Writable } from 'node:stream'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomSubscription } from '#domain/engine/subscription.ts'
import type { Metrics } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import { Outbox } from './outbox.ts'
import type { BatchWire } from './wire.ts'

export interface DeliveryParts {
  readonly connection: Writable
  /** Above this much waiting, the reader reads on from the journal later. */
  readonly markBytes: number
  readonly metrics: Metrics
  readonly wire: BatchWire
  /** Called once when delivery ends: the room ended the session, or its journal is unreadable. */
  ended(session: LocalSession): void
}

/**
 * The writing side of one connection. It follows the room while the reader keeps up. While the reader is behind, or the front end holds
 * it, it keeps a cursor only, and then reads on from the journal: a reader that stalls costs the host one batch and a number.
 */
export class Delivery {
  readonly outbox: Outbox
  readonly #parts: DeliveryParts
  #session: LocalSession | undefined
  #subscription: RoomSubscription | undefined
  #held = false
  #answers: PromiseWithResolvers<void> | undefined

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.outbox = new Outbox(parts.connection, parts.markBytes, () => this.#resume())
  }

  /** The session that it follows. */
  get session(): LocalSession | undefined {
    return this.#session
  }

  /** It has delivered all that the room has committed; also where it follows none. */
  get caughtUp(): boolean {
    return this.#subscription === undefined || this.#subscription.cursor >= (this.#session?.last ?? 0)
  }

  /** It is told what happens as it happens; false while the reader is behind or held, and where it follows no room. */
  get following(): boolean {
    return this.#subscription?.following === true
  }

  /** Delivers the room's events after the sequence `after`. */
  follow(session: LocalSession, after: number): void {
    this.unfollow()
    this.#session = session
    const take = (batch: Batch) => this.#take(batch, session)
    // A sequence that the room has not reached is of a history that was lost since: there are only live events.
    const from = Math.min(after, session.last)
    this.#subscription = session.follow(from, take, () => this.#parts.ended(session))
    if (this.#held || this.outbox.full) this.#subscription.pause(from)
    else this.#resume()
  }

  unfollow(): void {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#session = undefined
  }

  /** Pauses until `release`, and then goes on after the sequence `cursor`; left out, after the last delivery. */
  hold(cursor?: number): void {
    this.#held = true
    this.#subscription?.pause(cursor)
  }

  /** The reader has dropped a member of the room: where it is behind, it is told again of one who is there. */
  drop(member: string): void {
    this.#subscription?.drop(member)
  }

  release(): void {
    this.#held = false
    this.#resume()
  }

  /** Writes an answer. Returns a promise where the reader should be asked for nothing more until it has taken its answers (C61). */
  answer(bytes: Uint8Array): Promise<void> | undefined {
    this.outbox.write(bytes)
    if (this.outbox.full) this.#answers ??= Promise.withResolvers()
    return this.#answers?.promise
  }

  /** Resolves when the reader has taken its answers; undefined where it has. */
  get answersTaken(): Promise<void> | undefined {
    return this.#answers?.promise
  }

  #take(batch: Batch, session: LocalSession): void {
    this.#parts.wire.deliver(batch, session)
    const subscription = this.#subscription
    // Delivering may have been the last thing to do.
    if (subscription === undefined || this.#held || !this.outbox.full) return
    this.#parts.metrics.count('catch_ups')
    subscription.pause()
  }

  #resume(): void {
    if (this.outbox.full) return
    this.#answers?.resolve()
    this.#answers = undefined
    if (!this.#held) this.#subscription?.resume()
  }
}
