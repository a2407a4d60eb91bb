import { Waiters } from '../async/waiters.ts'
import { type Rejected, rejected } from '../errors.ts'
import type { Appended, Journal } from '../ports/journal.ts'
import type { Clock, Metrics } from '../ports/system.ts'
import type { RoomActor, Wake } from '../room/actor.ts'
import type { PendingBatch } from '../room/batch.ts'
import type { Ports } from './limits.ts'

/** How long joins, leaves and renames in a large room wait for more of them: each commit of them costs a write to everybody. */
const GATHER_MS = 50

/** Appends that may be under way: one is written while the one before is on its way back. */
const IN_FLIGHT = 2
/** In a shared room the next begins where the one before is known to be: it could not be sent earlier. */
const IN_FLIGHT_SHARED = 1

/** Rooms wake it when they have mail, and it keeps their decisions. */
export interface Commits {
  readonly wake: Wake
  /** Resolves when nothing waits for a commit any more. */
  settled(): Promise<void>
  /** From now on entries are refused with `why`, and the journal is left alone. People may still go: nobody waits for ever. */
  close(why: Rejected): void
}

/** One append, and the rooms that it is of. */
interface Commit {
  rooms: readonly RoomActor[]
  pendingBatches: readonly PendingBatch[]
  readonly appended: Promise<Appended> | Appended
  readonly startedAt: number
}

/**
 * The one way into the journal. Rooms that have mail wake it; at the end of the tick it takes the decisions of all of them and keeps them
 * in one append, while the one before may still be under way. In the order of the appends it lets each room publish its own. A batch behind one
 * that the journal has not kept is taken back, and decided again.
 */
export class CommitLoop implements Commits {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #published: (room: RoomActor, pending: PendingBatch | undefined) => void
  readonly #broken: (error: unknown) => void
  readonly #turn: (() => Promise<void> | undefined) | undefined
  readonly #awake = new Set<RoomActor>()
  /** Rooms that have nothing but joins, leaves and renames to tell, and can wait a moment. */
  readonly #gathering = new Set<RoomActor>()
  /** Under way, the oldest first. */
  readonly #commits: Commit[] = []
  #isScheduled = false
  /** Why nothing is kept any more; with `failed`, because the journal has failed. */
  #closed: Rejected | undefined
  #hasFailed = false
  readonly #idle = new Waiters()

  /**
   * `published` is called with each room once a batch of it was published, or refused; `broken` once, when the journal failed for good: nothing
   * is committed after that. `turn`: other hosts append to the journal as well; resolves when this one may decide.
   */
  constructor(
    { journal, clock, metrics }: Pick<Ports, 'journal' | 'clock' | 'metrics'>,
    published: (room: RoomActor, pending: PendingBatch | undefined) => void,
    broken: (error: unknown) => void,
    turn?: () => Promise<void> | undefined,
  ) {
    this.#journal = journal
    this.#clock = clock
    this.#metrics = metrics
    this.#published = published
    this.#broken = broken
    this.#turn = turn
  }

  readonly wake: Wake = (room, when) => {
    if (when === 'gathered') {
      this.#gather(room)
      return
    }
    this.#awake.add(room)
    this.#schedule()
  }

  settled(): Promise<void> {
    for (const room of this.#gathering) this.wake(room)
    this.#gathering.clear()
    return this.#awake.size === 0 && this.#commits.length === 0 ? Promise.resolve() : this.#idle.wait()
  }

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

  #schedule(): void {
    const most = this.#turn === undefined ? IN_FLIGHT : IN_FLIGHT_SHARED
    if (this.#isScheduled || this.#awake.size === 0 || this.#commits.length >= most) return
    this.#isScheduled = true
    const turn = this.#turn?.()
    if (turn === undefined) this.#clock.soon(this.#begin)
    else void turn.then(this.#begin)
  }

  /** Begins the next commit, of the rooms that can decide; the others wait for the one that is under way. */
  readonly #begin = (): void => {
    this.#isScheduled = false
    const rooms = [...this.#awake].filter(({ isReady }) => isReady)
    if (rooms.length === 0) return
    for (const room of rooms) this.#awake.delete(room)
    const at = this.#clock.now()
    const pendingBatches = rooms.map((room) => room.prepare(at))
    const startedAt = this.#clock.elapsed()
    const appended = this.#closed === undefined ? this.#append(pendingBatches) : Promise.reject(this.#closed)
    // It is looked at in its turn.
    if (appended instanceof Promise) appended.catch(() => {})
    this.#commits.push({ rooms, pendingBatches, appended, startedAt })
    if (this.#commits.length === 1) void this.#settle()
    this.#schedule()
  }

  async #settle(): Promise<void> {
    for (let commit = this.#commits[0]; commit !== undefined; commit = this.#commits[0]) {
      try {
        await this.#settleOne(commit)
      } catch (error) {
        this.fail(error)
      }
      this.#commits.shift()
      this.#schedule()
    }
    if (this.#awake.size === 0) this.#idle.release()
  }

  async #settleOne(commit: Commit): Promise<void> {
    let appended: Appended
    try {
      appended = await commit.appended
      while (appended.status === 'duplicate' || appended.status === 'behind') {
        if (appended.status === 'behind') takeBack(commit, this.#turn !== undefined)
        else {
          // A client repeated commands that it had no answer to: those get their first answer again, the others move up.
          const { known } = appended
          commit.pendingBatches = each(commit, (room, pending) => room.without(pending, known))
        }
        appended = await this.#append(commit.pendingBatches)
      }
    } catch (error) {
      if (error !== this.#closed) this.fail(error)
      return this.#refuse(commit, this.#closed ?? storeFailed)
    }
    if (this.#hasFailed) return this.#refuse(commit, storeFailed)
    this.#metrics.observe('commit_ms', this.#clock.elapsed() - commit.startedAt)
    switch (appended.status) {
      case 'committed':
        each(commit, (room, pending) => room.keep(pending))
        each(commit, (room, pending) => {
          this.#metrics.observe('commit_events', pending.size)
          room.publish(pending)
          this.#published(room, pending)
        })
        return
      case 'readOnly':
        return this.#refuse(commit, rejected('READ_ONLY', appended.message))
      default:
        return appended satisfies never
    }
  }

  #refuse(commit: Commit, why: Rejected): void {
    each(commit, (room, pending) => {
      room.refuse(pending, why)
      this.#published(room, undefined)
    })
  }

  /** The journal has failed: nothing is kept any more. */
  fail(error: unknown): void {
    const first = !this.#hasFailed
    this.#hasFailed = true
    this.close(storeFailed)
    if (first) this.#broken(error)
  }

  #append(pendingBatches: readonly PendingBatch[]): Promise<Appended> | Appended {
    const batches = pendingBatches.map((pending) => pending.batch).filter((batch) => batch.entries.length > 0)
    return batches.length > 0 ? this.#journal.append(batches) : { status: 'committed' }
  }
}

const each = <T>({ rooms, pendingBatches }: Commit, run: (room: RoomActor, pending: PendingBatch) => T): readonly T[] =>
  rooms.map((room, index) => run(room, pendingBatches[index] as PendingBatch))

/** Those that are behind another batch of their room, of this host or of another, are decided again; the rest is appended as it is. */
function takeBack(commit: Commit, isShared: boolean): void {
  const back = commit.pendingBatches.map(({ isBehind }) => isBehind || isShared)
  if (!back.includes(true)) throw new Error('the journal has not kept a batch that continues its room')
  each(commit, (room, pending) => (pending.isBehind || isShared) && room.takeBack(pending))
  commit.rooms = commit.rooms.filter((_, index) => !back[index])
  commit.pendingBatches = commit.pendingBatches.filter((_, index) => !back[index])
}

const storeFailed = rejected(
  'CLOSED',
  'the host could not keep what was said and stops; once it is back, see what is there and send the rest again',
)
