import type { Observable } from 'rxjs'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand, PostedCommand } from '#domain/room/commands.ts'
import type { Member, PastEvent, RoomEvent } from '#domain/room/events.ts'
import type { HandIns } from '#domain/room/hand-ins.ts'
import type { OwnMute, RoomRules } from '#domain/room/rules.ts'
import type { RoomFile } from '#domain/room/state.ts'
import type { ConnectionState, RoomSession, Upload, UploadMeta } from '#domain/session.ts'
import type { ClientSession } from '../../connection/client-session.ts'
import { COSTS, priceOf, priceOfItems } from '../../connection/rate-limit.ts'

/** Commands that wait for their turn; then no more input is read. */
const MOST_WAITING = 16

/** A member's room for the terminal client, which knows no rate: what it asks for is paid for first, in order. */
export class RatedSession implements RoomSession {
  readonly #client: ClientSession
  readonly #session: LocalSession
  readonly #mostHistory: number
  readonly #payments = new SerialQueue()
  readonly #done = new Waiters()
  #waiting = 0

  constructor(client: ClientSession, session: LocalSession, mostHistory: number) {
    this.#client = client
    this.#session = session
    this.#mostHistory = mostHistory
  }

  /** Resolves when it takes more commands. */
  async taken(): Promise<void> {
    while (this.#waiting >= MOST_WAITING) await this.#done.wait()
  }

  /** Resolves when each one is answered. */
  async settled(): Promise<void> {
    while (this.#waiting > 0) await this.#done.wait()
  }

  get member(): Member {
    return this.#session.member
  }

  get members(): readonly Member[] {
    return this.#session.members
  }

  get room(): string {
    return this.#session.room
  }

  get rules(): RoomRules {
    return this.#session.rules
  }

  get muted(): OwnMute | undefined {
    return this.#session.muted
  }

  get events$(): Observable<RoomEvent> {
    return this.#session.events$
  }

  get refusals$(): Observable<Rejected> {
    return this.#session.refusals$
  }

  get state$(): Observable<ConnectionState> {
    return this.#session.state$
  }

  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#paid(priceOfItems(COSTS.text, 1), () => this.#client.ask(command))
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    void this.#client.charge(priceOfItems(COSTS.text, commands.length))
    return this.#session.post(commands)
  }

  ready(): Promise<void> {
    return this.#session.ready()
  }

  history(count: number): Promise<readonly PastEvent[]> {
    const most = Math.min(count, this.#mostHistory)
    const price = priceOf(COSTS.history) + priceOfItems(COSTS.history, most)
    return this.#paid(price, () => this.#session.history(most))
  }

  search(query: string, limit: number): Promise<readonly PastEvent[]> {
    const price = priceOf(COSTS.search) + priceOfItems(COSTS.search, limit)
    return this.#paid(price, () => this.#session.search(query, limit))
  }

  listFiles(): Promise<readonly RoomFile[]> {
    const price = priceOfItems(COSTS.files, this.#session.files.length)
    return this.#paid(price, () => this.#session.listFiles())
  }

  handIns(): Promise<HandIns> {
    return this.#paid(priceOfItems(COSTS.members, this.members.length), () => this.#session.handIns())
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    return this.#session.upload(source, meta)
  }

  download(file: string, from?: number): AsyncIterable<Uint8Array> {
    return this.#session.download(file, from)
  }

  close(reason?: string): Promise<void> {
    return this.#session.close(reason)
  }

  async #paid<Result>(price: number, act: () => Promise<Result>): Promise<Result> {
    this.#waiting++
    try {
      await this.#payments.run(async () => await this.#client.charge(price))
      return await act()
    } finally {
      this.#waiting--
      this.#done.release()
    }
  }
}
