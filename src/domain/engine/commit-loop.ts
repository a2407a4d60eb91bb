import { Waiters } from '../async/waiters.ts'
import { type Rejected, rejected } from '../errors.ts'
import type { Appended, Journal } from '../ports/journal.ts'
import type { Clock, Metrics } from '../ports/system.ts'
import type { RoomActor, Wake } from '../room/actor.ts'
import type { PendingBatch } from '../room/batch.ts'
import type { Ports } from './limits.ts'

/** How long a crowd's comings, goings and new names wait for more of them: each commit of them costs a write to everybody. */
const GATHER_MS = 50

/**
 * The one way into the journal. Rooms that have mail wake it; at the end of the tick it takes the decisions of all of them, keeps them
 * in one append, and then lets each room publish its own. Mail that arrives while the journal writes is the next commit.
 */
export class CommitLoop {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #published: (room: RoomActor, pending: PendingBatch | undefined) => void
  readonly #broken: (error: unknown) => void
  #awake = new Set<RoomActor>()
  /** Rooms that have nothing but comings, goings and new names to tell, and can wait a moment. */
  readonly #gathering = new Set<RoomActor>()
  #status: 'idle' | 'running' = 'idle'
  /** Kept by the journal and not yet published: that happens while the journal writes the next commit. */
  #kept: { readonly rooms: readonly RoomActor[]; readonly pendingBatches: readonly PendingBatch[] } | undefined
  /** Why nothing is kept any more. */
  #closed: Rejected | undefined
  readonly #idle = new Waiters()

  /**
   * `published` is called with each room once a batch of it was published, or refused; `broken` once, when the journal failed for good: nothing
   * is committed after that.
   */
  constructor(
    { journal, clock, metrics }: Pick<Ports, 'journal' | 'clock' | 'metrics'>,
    published: (room: RoomActor, pending: PendingBatch | undefined) => void,
    broken: (error: unknown) => void,
  ) {
    this.#journal = journal
    this.#clock = clock
    this.#metrics = metrics
    this.#published = published
    this.#broken = broken
  }

  readonly wake: Wake = (room, when) => {
    if (when === 'gathered') {
      this.#gather(room)
      return
    }
    this.#awake.add(room)
    if (this.#status !== 'idle') return
    this.#status = 'running'
    this.#clock.soon(this.#run)
  }

  /** Resolves when nothing waits for a commit any more. */
  settled(): Promise<void> {
    for (const room of this.#gathering) this.wake(room)
    this.#gathering.clear()
    if (this.#status !== 'running') return Promise.resolve()
    return this.#idle.wait()
  }

  /** From now on entries are refused with `why`, and the journal is left alone. People may still go: nobody waits for ever. */
  close(why: Rejected): void {
    this.#closed ??= why
  }

  #gather(room: RoomActor): void {
    if (this.#gathering.has(room)) return
    this.#gathering.add(room)
    this.#clock.after(GATHER_MS, () => {
      if (this.#gathering.delete(room)) this.wake(room)
    })
  }

  readonly #run = async (): Promise<void> => {
    try {
      await this.#commit()
    } catch (error) {
      this.#fail(error)
    }
    if (this.#awake.size === 0) this.#publish()
    if (this.#awake.size > 0) return this.#clock.soon(this.#run)
    this.#status = 'idle'
    this.#idle.release()
  }

  async #commit(): Promise<void> {
    const rooms = [...this.#awake]
    this.#awake = new Set()
    const at = this.#clock.now()
    let pendingBatches = rooms.map((room) => room.prepare(at))
    const refuse = (why: Rejected) => {
      rooms.forEach((room, index) => {
        room.refuse(pendingBatches[index] as PendingBatch, why)
        this.#published(room, undefined)
      })
    }
    const started = this.#clock.elapsed()
    const appending = this.#closed === undefined ? this.#append(pendingBatches) : undefined
    // The journal writes meanwhile.
    this.#publish()
    if (appending === undefined) return refuse(this.#closed ?? storeFailed)
    let appended: Appended
    try {
      appended = await appending
      // A client repeated commands that it had no answer to: those get their first answer again, the others move up.
      while (appended.status === 'duplicate') {
        const { known } = appended
        pendingBatches = pendingBatches.map((pending) => pending.without(known))
        appended = await this.#append(pendingBatches)
      }
    } catch (error) {
      this.#fail(error)
      return refuse(storeFailed)
    }
    this.#metrics.observe('commit_ms', this.#clock.elapsed() - started)
    if (appended.status === 'readOnly') return refuse(rejected('READ_ONLY', appended.message))
    rooms.forEach((room, index) => {
      room.keep(pendingBatches[index] as PendingBatch)
    })
    this.#kept = { rooms, pendingBatches }
  }

  #publish(): void {
    if (this.#kept === undefined) return
    const { rooms, pendingBatches } = this.#kept
    this.#kept = undefined
    try {
      rooms.forEach((room, index) => {
        const pending = pendingBatches[index] as PendingBatch
        this.#metrics.observe('commit_events', pending.size)
        room.publish(pending)
        this.#published(room, pending)
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const first = this.#closed === undefined
    this.close(storeFailed)
    if (first) this.#broken(error)
  }

  #append(pendingBatches: readonly PendingBatch[]): Promise<Appended> | Appended {
    const batches = pendingBatches.map((pending) => pending.batch).filter((batch) => batch.entries.length > 0)
    return batches.length > 0 ? this.#journal.append(batches) : { status: 'committed' }
  }
}

const storeFailed = rejected(
  'CLOSED',
  'the host could not keep what was said and stops; once it is back, see what is there and send the rest again',
)
