import type { ApiClient } from '#client/api-client.ts'
import type { Refusal } from '#client/errors.ts'
import { isEntry } from '#domain/room/events.ts'
import { readEvents } from '#protocol/events.ts'
import { BadMessage } from '#protocol/fields.ts'
import type { Item } from './span.ts'

/** What was said before, page by page, oldest first. A page with fewer than `limit` entries is the last one on that side. */
export interface History {
  /** The newest ones before `seq`, or of all. */
  before(seq: number | undefined, limit: number): Promise<readonly Item[] | Refusal>
  after(seq: number, limit: number): Promise<readonly Item[] | Refusal>
  search(query: string, limit: number): Promise<readonly Item[] | Refusal>
}

export class HostHistory implements History {
  readonly #api: ApiClient
  readonly #path: string

  constructor(api: ApiClient, room: string) {
    this.#api = api
    this.#path = `/rooms/${encodeURIComponent(room)}`
  }

  before(seq: number | undefined, limit: number) {
    return this.#entries('events', { limit, ...(seq === undefined ? {} : { before: seq }) })
  }

  after(seq: number, limit: number) {
    return this.#entries('events', { after: seq, limit })
  }

  search(query: string, limit: number) {
    return this.#entries('search', { q: query, limit })
  }

  #entries(what: string, asked: Readonly<Record<string, string | number>>): Promise<readonly Item[] | Refusal> {
    const words = new URLSearchParams(
      Object.entries(asked).map(([key, value]): [string, string] => [key, String(value)]),
    )
    return this.#api.get(`${this.#path}/${what}?${words}`, entriesIn)
  }
}

/** They are the events of the Session protocol, written in JSON. */
function entriesIn(value: unknown): readonly Item[] | undefined {
  const events = typeof value === 'object' && value !== null && 'events' in value ? value.events : undefined
  try {
    if (!Array.isArray(events)) throw new BadMessage('no events')
    const told = readEvents(events)
    // What is missing stands at the time of what is before it.
    let at = told.find(isEntry)?.at ?? 0
    return told.flatMap((event): readonly Item[] => {
      if (isEntry(event)) at = event.at
      if (event.type === 'missed') return [{ ...event, key: `m${event.from}`, at }]
      return isEntry(event) ? [event] : []
    })
  } catch (error) {
    if (error instanceof BadMessage) return undefined
    throw error
  }
}
