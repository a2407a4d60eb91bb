/** So long somebody who spoke counts as one who is speaking. */
const SPEAKING_MS = 100
const SPEAKING_ROUND_TRIPS = 20
const WAIT_ROUND_TRIPS = 1.5
/** The share of the newest round trip in their mean. */
const NEWEST_SHARE = 0.1
const FIRST_ROUND_TRIP_MS = 2
/** A log that hangs for a moment makes nobody wait for seconds. */
const MOST_ROUND_TRIP_MS = 50

/**
 * Turns of the nodes that speak in a room at the same time, in the order of their names: without them the nearest to the stream's leader wins nearly
 * every race. They are a courtesy: who does not keep them is only slower.
 */
export class Turns {
  readonly #own: string
  readonly #now: () => number
  readonly #rooms = new Map<string, Map<string, number>>()
  #roundTripMs = FIRST_ROUND_TRIP_MS

  /** `own`: the name of this node. */
  constructor(own: string, now: () => number) {
    this.#own = own
    this.#now = now
  }

  /** Notes how long an append took. */
  took(ms: number): void {
    this.#roundTripMs += (Math.min(ms, MOST_ROUND_TRIP_MS) - this.#roundTripMs) * NEWEST_SHARE
  }

  /** Notes that a batch of this node was appended to the room. */
  spoke(room: string, node: string): void {
    const speakers = this.#rooms.get(room) ?? new Map<string, number>()
    this.#rooms.set(room, speakers)
    // The newest stands last.
    speakers.delete(node)
    speakers.set(node, this.#now())
  }

  /** Milliseconds until this node's turn; 0 where nobody else speaks. */
  waitMs(room: string): number {
    const speakers = this.#rooms.get(room)
    if (speakers === undefined) return 0
    const since = this.#now() - SPEAKING_MS - SPEAKING_ROUND_TRIPS * this.#roundTripMs
    for (const [node, at] of speakers) if (at < since) speakers.delete(node)
    const newest = [...speakers].at(-1)
    if (newest === undefined) this.#rooms.delete(room)
    if (newest === undefined || (speakers.size === 1 && speakers.has(this.#own))) return 0
    const [lastSpeaker, spokeAt] = newest
    const nodes = [...new Set([...speakers.keys(), this.#own])].sort()
    // The next one waits for nothing, the last speaker for all others.
    const behind = (nodes.indexOf(this.#own) - nodes.indexOf(lastSpeaker) - 1 + nodes.length) % nodes.length
    return Math.max(0, spokeAt + behind * WAIT_ROUND_TRIPS * this.#roundTripMs - this.#now())
  }
}
