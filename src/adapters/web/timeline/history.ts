import { isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { isEntry } from '#domain/room/events.ts'
import { events, map, parsed } from '#protocol/schema.ts'
import type { HostRequests } from '../browser/host-requests.ts'
import type { Item } from './span.ts'

/** What was said before, page by page, oldest first. A page with fewer than `limit` entries is the last one on that side. */
export interface History {
  /** The newest ones before `seq`, or of all. */
  before(seq: number | undefined, limit: number): Promise<readonly Item[] | Refusal>
  after(seq: number, limit: number): Promise<readonly Item[] | Refusal>
  search(query: string, limit: number): Promise<readonly Item[] | Refusal>
}

export class HostHistory implements History {
  readonly #host: HostRequests
  readonly #path: string

  constructor(host: HostRequests, room: string) {
    this.#host = host
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

  async #entries(what: string, asked: Readonly<Record<string, string | number>>): Promise<readonly Item[] | Refusal> {
    const words = new URLSearchParams(
      Object.entries(asked).map(([key, value]): [string, string] => [key, String(value)]),
    )
    const answer = await this.#host.json(`${this.#path}/${what}?${words}`)
    return isRefusal(answer) ? answer : entriesIn(answer.value)
  }
}

const page = map({ events })

/** They are the events of the Session protocol, written in JSON. */
function entriesIn(value: unknown): readonly Item[] | Refusal {
  const found = parsed(page, value)?.events
  if (found === undefined) return refusal(502, 'WRONG_PROTOCOL', 'what answers there is no tamtam')
  // What is missing stands at the time of what is before it.
  let at = found.find(isEntry)?.at ?? 0
  return found.flatMap((event): readonly Item[] => {
    if (isEntry(event)) at = event.at
    if (event.type === 'missed') return [{ ...event, key: `m${event.from}`, at }]
    return isEntry(event) ? [event] : []
  })
}
