import type { Cancel, Clock } from '#domain/ports/system.ts'
import type { Joined, Left, Renamed, RoomEvent } from '#domain/room/events.ts'

/** Joins, leaves and renames of so long become one line each. */
const FOLD_MS = 3000

export type PresenceEvent = Joined | Renamed | Left

export const isPresence = (event: RoomEvent): event is PresenceEvent =>
  event.type === 'joined' || event.type === 'renamed' || event.type === 'left'

/** `from`: the name before; of those who came or went, the same. */
export interface Told {
  readonly from: string
  readonly name: string
}

/** Joins, leaves and renames in a large room, several in a line. */
export class Presence {
  readonly #clock: Clock
  readonly #tell: (type: PresenceEvent['type'], people: readonly Told[]) => void
  /** By their ids: guests share a name. */
  readonly #people = {
    joined: new Map<string, Told>(),
    renamed: new Map<string, Told>(),
    left: new Map<string, Told>(),
  }
  #timer: Cancel | undefined

  constructor(clock: Clock, tell: (type: PresenceEvent['type'], people: readonly Told[]) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  note(event: PresenceEvent): void {
    const { joined, renamed, left } = this.#people
    const { id, name } = event.by
    const before = renamed.get(id)?.from ?? (event.type === 'renamed' ? event.from : name)
    renamed.delete(id)
    if (event.type === 'joined') joined.set(id, { from: name, name })
    else if (event.type === 'left') {
      // A visit that began and ended in between is no news.
      if (!joined.delete(id)) left.set(id, { from: before, name: before })
    } else if (joined.has(id)) joined.set(id, { from: name, name })
    else if (before !== name) renamed.set(id, { from: before, name })
    this.#timer ??= this.#clock.after(FOLD_MS, () => this.flush())
  }

  flush(): void {
    this.#timer?.()
    this.#timer = undefined
    for (const type of ['joined', 'renamed', 'left'] as const) {
      const people = [...this.#people[type].values()]
      this.#people[type].clear()
      if (people.length > 0) this.#tell(type, people)
    }
  }
}
