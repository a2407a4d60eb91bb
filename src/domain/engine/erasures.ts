import type { Cancel } from '../ports/system.ts'
import { Batch } from '../room/batch.ts'
import { type Erasure, erasedBy, isErasure } from '../room/erasure.ts'
import type { Cleared, Entry, PastEvent } from '../room/events.ts'
import type { Ports } from './limits.ts'

const RETRY_MS = 5000
/** Completed erasures that each room remembers: pages that were read before may still wait for their reader. */
const REMEMBERED = 10_000

interface RoomErasures {
  /** Removals of single messages, by the sequence of the message. */
  readonly removed: Map<number, Erasure>
  /** The newest removal of everything up to a sequence. */
  cleared: Cleared | undefined
  /** Erasures that the journal has not done yet, in order. */
  pending: Erasure[]
  isRunning: boolean
}

/**
 * Erases removed messages. The entry that removes them is committed first; then the journal erases them. From the commit on, nobody is
 * given the text, whatever the journal or a reader's page still holds (`batch`, `events`). A host that goes down in between finishes the
 * work at its next start, from the facts.
 */
export class Erasures {
  readonly #ports: Pick<Ports, 'journal' | 'clock'>
  readonly #broken: (error: unknown) => void
  readonly #rooms = new Map<string, RoomErasures>()
  readonly #retries = new Set<Cancel>()
  #isClosed = false

  constructor(ports: Pick<Ports, 'journal' | 'clock'>, broken: (error: unknown) => void) {
    this.#ports = ports
    this.#broken = broken
  }

  /** Repeats the erasures found in a room's facts. Nearly always they are done, and the journal knows that. */
  async resume(room: string, erasures: readonly Erasure[]): Promise<void> {
    if (erasures.length > 0 && (await this.#ports.journal.erase(room, erasures)) === 'readOnly')
      this.take(room, erasures)
  }

  /** Takes note of the removals among a room's committed entries. */
  take(room: string, entries: readonly Entry[]): void {
    const known = this.#rooms.get(room) ?? nothingErased()
    for (const entry of entries) {
      if (!isErasure(entry)) continue
      if (entry.type === 'cleared') known.cleared = entry
      else known.removed.set(entry.target, entry)
      known.pending.push(entry)
    }
    this.#rooms.set(room, known)
    if (!known.isRunning) void this.#carryOut(room, known)
  }

  /** The batch without removed messages. */
  batch(batch: Batch): Batch {
    const known = this.#rooms.get(batch.room)
    if (known === undefined) return batch
    const entries = batch.entries.map((entry) => asErased(entry, known))
    return entries.every((entry, index) => entry === batch.entries[index]) ? batch : new Batch(batch.room, entries)
  }

  /** Past events of a room without removed messages. */
  events(room: string, events: readonly PastEvent[]): readonly PastEvent[] {
    const known = this.#rooms.get(room)
    return known === undefined
      ? events
      : events.map((event) => (event.type === 'missed' ? event : asErased(event, known)))
  }

  /** No retries from now on. */
  close(): void {
    this.#isClosed = true
    for (const cancel of this.#retries) cancel()
  }

  async #carryOut(room: string, known: RoomErasures): Promise<void> {
    known.isRunning = true
    try {
      while (known.pending.length > 0 && !this.#isClosed) {
        const erasures = [...known.pending]
        if ((await this.#ports.journal.erase(room, erasures)) === 'readOnly') {
          this.#later(room, known)
          return
        }
        known.pending = known.pending.slice(erasures.length)
        forgetOldest(known)
      }
      known.isRunning = false
    } catch (error) {
      this.#broken(error)
    }
  }

  #later(room: string, known: RoomErasures): void {
    const cancel = this.#ports.clock.after(RETRY_MS, () => {
      this.#retries.delete(cancel)
      void this.#carryOut(room, known)
    })
    this.#retries.add(cancel)
  }
}

const nothingErased = (): RoomErasures => ({ removed: new Map(), cleared: undefined, pending: [], isRunning: false })

const asErased = (entry: Entry, { removed, cleared }: RoomErasures): Entry => {
  const erasure = removed.get(entry.seq) ?? cleared
  return erasure === undefined ? entry : erasedBy(entry, erasure)
}

function forgetOldest({ removed, pending }: RoomErasures): void {
  const next = pending[0]?.seq ?? Number.POSITIVE_INFINITY
  for (const [target, { seq }] of removed) {
    if (removed.size <= REMEMBERED || seq >= next) return
    removed.delete(target)
  }
}
