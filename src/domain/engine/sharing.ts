import type { Subscription } from 'rxjs'
import { pause } from '../async/backoff.ts'
import { type Rejected, rejected } from '../errors.ts'
import { isShared, type SharedJournal } from '../ports/journal.ts'
import type { RoomActor, Wake } from '../room/actor.ts'
import type { PendingBatch } from '../room/batch.ts'
import { isErasure } from '../room/erasure.ts'
import { CommitLoop, type Commits } from './commit-loop.ts'
import type { Erasures } from './erasures.ts'
import type { ForeignFiles } from './foreign-files.ts'
import type { Ports } from './limits.ts'
import type { Rooms } from './rooms.ts'

/** A host that stops waits this long for a journal out of reach, then refuses what is not committed. */
const GIVE_UP_MS = 5000

/**
 * One commit loop for each room: with other hosts appending as well, no room waits for another room's turn or conflict. A single loop
 * for all rooms suits a disk, which syncs once for all of them.
 */
export class RoomLoops implements Commits {
  readonly #journal: SharedJournal
  readonly #ports: Pick<Ports, 'clock' | 'metrics'>
  readonly #published: (room: RoomActor, pending: PendingBatch | undefined) => void
  readonly #broken: (error: unknown) => void
  /** The loops of the rooms with something to commit. */
  readonly #loops = new Map<RoomActor, CommitLoop>()
  #closed: Rejected | undefined
  #hasFailed = false

  /** `published` and `broken`: as in `CommitLoop`. */
  constructor(
    journal: SharedJournal,
    ports: Pick<Ports, 'clock' | 'metrics'>,
    published: (room: RoomActor, pending: PendingBatch | undefined) => void,
    broken: (error: unknown) => void,
  ) {
    this.#journal = journal
    this.#ports = ports
    this.#published = published
    this.#broken = broken
  }

  readonly wake: Wake = (room, when) => this.#loopOf(room).wake(room, when)

  async settled(): Promise<void> {
    const cancel = this.#ports.clock.after(GIVE_UP_MS, () => this.#journal.giveUp())
    await Promise.all(Array.from(this.#loops.values(), (loop) => loop.settled()))
    cancel()
  }

  close(why: Rejected): void {
    this.#closed ??= why
    for (const loop of this.#loops.values()) loop.close(why)
  }

  #loopOf(room: RoomActor): CommitLoop {
    const known = this.#loops.get(room)
    if (known !== undefined) return known
    const published = (_: RoomActor, pending: PendingBatch | undefined) => {
      if (room.idle) this.#loops.delete(room)
      this.#published(room, pending)
    }
    const turn = () => this.#journal.turn(room.state.name)
    const loop = new CommitLoop({ journal: this.#journal, ...this.#ports }, published, this.#failed, turn)
    if (this.#closed !== undefined) loop.close(this.#closed)
    this.#loops.set(room, loop)
    return loop
  }

  readonly #failed = (error: unknown): void => {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#broken(error)
    // A failure for one room is a failure for all.
    for (const loop of this.#loops.values()) loop.fail(error)
  }
}

const REACH_MS = 5000
const AGAIN_MS = 200
/** By then, a leader of the journal that was cut off has stepped down and answers no more. */
const BELIEVED_MS = 15_000
const MOST_BEYOND = 1000

/**
 * Makes sure that a room holds everything a reader has seen at another host. This host may be behind, and so may a leader of the journal
 * that was cut off along with it. A reader is therefore not told too early that its history is lost, since it would then read everything
 * again.
 */
export class Cursors {
  readonly #ports: Pick<Ports, 'clock' | 'journal'>
  /** For each room and cursor: the time at which the journal first claimed to end before it. */
  readonly #beyond = new Map<string, number>()

  constructor(ports: Pick<Ports, 'clock' | 'journal'>) {
    this.#ports = ports
  }

  /**
   * Resolves once the room has reached the sequence, or to a refusal that asks the reader to come again. Resolves to undefined without
   * having reached it when that history is lost.
   */
  async reach(room: Pick<RoomActor, 'state'>, after: number): Promise<Rejected | undefined> {
    const { clock, journal } = this.#ports
    if (!isShared(journal)) return undefined
    const { name } = room.state
    const place = `${name} ${after}`
    for (const until = clock.elapsed() + REACH_MS; after > room.state.last; await pause(clock, AGAIN_MS)) {
      const isTold = await journal.caughtUp(name)
      if (after <= room.state.last) break
      const since = isTold ? this.#since(place) : undefined
      if (since !== undefined && clock.elapsed() - since >= BELIEVED_MS) return undefined
      if (clock.elapsed() >= until) return behindReader
    }
    this.#beyond.delete(place)
    return undefined
  }

  #since(place: string): number {
    const since = this.#beyond.get(place) ?? this.#ports.clock.elapsed()
    this.#beyond.set(place, since)
    const [oldest] = this.#beyond.keys()
    if (this.#beyond.size > MOST_BEYOND && oldest !== undefined) this.#beyond.delete(oldest)
    return since
  }
}

const behindReader = rejected(
  'BUSY',
  'this machine has not got yet what you have seen at another; come again in a moment, or to that one',
)

/** Adopts the batches of other hosts in the rooms in use here, and in the list of files. */
export function adoptForeign(
  journal: SharedJournal,
  rooms: Rooms,
  erasures: Erasures,
  files: ForeignFiles,
): Subscription {
  const adopting = journal.foreign$.subscribe((batch) => {
    if (batch.entries.some(isErasure)) erasures.take(batch.room, batch.entries)
    rooms.adopt(batch)
    files.adopt(batch)
  })
  adopting.add(journal.trimmed$.subscribe((trimmed) => rooms.trimmed(trimmed)))
  return adopting
}
