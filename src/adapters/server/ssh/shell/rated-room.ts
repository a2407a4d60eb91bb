import { SerialQueue } from '#domain/async/serial-queue.ts'
import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomSession } from '#domain/session.ts'
import type { ClientSession } from '../../connection/client-session.ts'
import { COSTS, priceOf, priceOfItems } from '../../connection/rate-limit.ts'

/** Commands that wait for their turn; then no more input is read. */
const MOST_WAITING = 16

/** A member's room for the terminal client, which knows no rate: what it asks for is paid for first, in order. */
export class RatedRoom {
  readonly session: RoomSession
  readonly #client: ClientSession
  readonly #payments = new SerialQueue()
  readonly #done = new Waiters()
  #waiting = 0

  constructor(client: ClientSession, session: LocalSession, mostHistory: number) {
    this.#client = client
    this.session = withThese(session, {
      send: (command) => this.#paid(priceOfItems(COSTS.text, 1), () => client.ask(command)),
      post: (commands) => {
        void client.charge(priceOfItems(COSTS.text, commands.length))
        return session.post(commands)
      },
      history: (count) => {
        const most = Math.min(count, mostHistory)
        return this.#paid(priceOf(COSTS.history) + priceOfItems(COSTS.history, most), () => session.history(most))
      },
      search: (query, limit) => {
        const price = priceOf(COSTS.search) + priceOfItems(COSTS.search, limit)
        return this.#paid(price, () => session.search(query, limit))
      },
      listFiles: () => this.#paid(priceOfItems(COSTS.files, session.files.length), () => session.listFiles()),
      handIns: () => this.#paid(priceOfItems(COSTS.members, session.members.length), () => session.handIns()),
    })
  }

  /** Resolves when it takes more commands. */
  async taken(): Promise<void> {
    while (this.#waiting >= MOST_WAITING) await this.#done.wait()
  }

  /** Resolves when each one is answered. */
  async settled(): Promise<void> {
    while (this.#waiting > 0) await this.#done.wait()
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

/** The session, but for these methods. */
const withThese = (session: RoomSession, own: Partial<RoomSession>): RoomSession =>
  new Proxy(session, {
    get: (_, name) => {
      const value: unknown = Reflect.get(own, name) ?? Reflect.get(session, name, session)
      return typeof value === 'function' ? value.bind(session) : value
    },
  })
