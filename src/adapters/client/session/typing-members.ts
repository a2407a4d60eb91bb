import type { Clock } from '#domain/ports/system.ts'
import type { RoomEvent } from '#domain/room/events.ts'

/** The members typing at the moment. */
export class TypingMembers {
  readonly #clock: Clock
  /** For each, by id: the time until which it is shown. */
  readonly #until = new Map<string, { readonly name: string; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  heard(event: RoomEvent): void {
    if (!('by' in event)) return
    const { id, name } = event.by
    if (event.type === 'typing') this.#until.set(id, { name, until: this.#clock.elapsed() + event.forMs })
    else if (event.type === 'said' || event.type === 'acted' || event.type === 'left') this.#until.delete(id)
  }

  /** Somebody is typing, or was a moment ago. */
  get busy(): boolean {
    return this.#until.size > 0
  }

  names(): readonly string[] {
    const now = this.#clock.elapsed()
    for (const [id, { until }] of this.#until) if (until <= now) this.#until.delete(id)
    return Array.from(this.#until.values(), ({ name }) => name)
  }
}
