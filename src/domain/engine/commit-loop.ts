import { Waiters } from '../async/waiters.ts'
import { type Rejected, rejected } from '../errors.ts'
import type { Appended, Journal } from '../ports/journal.ts'
import type { Clock, Metrics } from '../ports/system.ts'
import type { RoomActor, Wake } from '../room/actor.ts'
import type { PendingBatch } from '../room/batch.ts'
import type { Ports } from './limits.ts'

/** In a large room joins, leaves and renames wait this long for more of them, since each commit of them costs a write to every member. */
const GATHER_MS = 50

/** Appends in progress at once: one is written while the answer to the last one is on its way. */
const IN_FLIGHT = 2
/** In a shared room the next append starts where the last one is known to have ended, so there is only one. */
const IN_FLIGHT_SHARED = 1

/** The commit loop as rooms see it: they wake it when they have mail. */
export interface Commits {
  readonly wake: Wake
  /** Resolves when nothing waits to be committed. */
  settled(): Promise<void>
  /** Refuses entries with `why` from now on, without using the journal. Members can still leave. */
  close(why: Rejected): void
}

/** One append: a batch for each of some rooms. */
interface Commit {
  parts: readonly { readonly room: RoomActor; readonly pending: PendingBatch }[]
  readonly appended: Promise<Appended> | Appended
  readonly startedAt: number
}

/**
 * The only way into the journal. Rooms with mail wake it. At the end of the tick it collects the decisions of all of them and appends
 * them together, while the last append may still be in progress. Rooms publish their batches in the order of the appends. A batch behind
 * one that the journal did not keep is taken back and decided again.
 */
export class CommitLoop implements Commits {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #published: (room: RoomActor, pending: PendingBatch | undefined) => void
  readonly #broken: (error: unknown) => void
  readonly #turn: (() => Promise<void> | undefined) | undefined
  readonly #awake = new Set<RoomActor>()
  /** Rooms with nothing but joins, leaves and renames, which can wait a moment. */
  readonly #gathering = new Set<RoomActor>()
  /** Commits in progress, the oldest first. */
  readonly #commits: Commit[] = []
  #isScheduled = false
  /** The reason why nothing is committed any more. With `#hasFailed` it is a failure of the journal. */
  #closed: Rejected | undefined
  #hasFailed = false
  readonly #idle = new Waiters()

  /**
   * `published` is called for each room after a batch of it was published or refused; `broken` once, when the journal has failed for
   * good. Nothing is committed after that. `turn` is for a journal with other writers: it resolves when this host may decide.
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

  /** Begins the next commit with the rooms that can decide now; the others wait for the commit in progress. */
  readonly #begin = (): void => {
    this.#isScheduled = false
    const rooms = [...this.#awake].filter(({ isReady }) => isReady)
    if (rooms.length === 0) return
    for (const room of rooms) this.#awake.delete(room)
    const at = this.#clock.now()
    const parts = rooms.map((room) => ({ room, pending: room.prepare(at) }))
    const startedAt = this.#clock.elapsed()
    const appended = this.#closed === undefined ? this.#append(parts) : Promise.reject(this.#closed)
    // Its failure is handled when its turn comes.
    if (appended instanceof Promise) appended.catch(() => {})
    this.#commits.push({ parts, appended, startedAt })
    if (this.#commits.length === 1) void this.#settle()
    this.#schedule()
  }

  async #settle(): Promise<void> {
    for (let commit = this.#commits[0]; commit !== undefined; commit = this.#commits[0]) {
      let why: Rejected | undefined
      try {
        let appended = await commit.appended
        while (appended.status === 'duplicate' || appended.status === 'behind') {
          if (appended.status === 'behind') takeBack(commit, this.#turn !== undefined)
          else {
            // A client repeated commands after it missed the answer. Those get their first answer again; the rest moves up.
            const { known } = appended
            commit.parts = commit.parts.map(({ room, pending }) => ({ room, pending: room.without(pending, known) }))
          }
          appended = await this.#append(commit.parts)
        }
        if (appended.status === 'readOnly') why = rejected('READ_ONLY', appended.message)
      } catch (error) {
        if (error !== this.#closed) this.fail(error)
        why = this.#closed ?? storeFailed
      }
      if (this.#hasFailed) why ??= storeFailed
      try {
        if (why === undefined) this.#publish(commit)
        else this.#refuse(commit, why)
      } catch (error) {
        this.fail(error)
      }
      this.#commits.shift()
      this.#schedule()
    }
    if (this.#awake.size === 0) this.#idle.release()
  }

  #publish({ parts, startedAt }: Commit): void {
    this.#metrics.observe('commit_ms', this.#clock.elapsed() - startedAt)
    for (const { room, pending } of parts) room.keep(pending)
    for (const { room, pending } of parts) {
      this.#metrics.observe('commit_events', pending.size)
      room.publish(pending)
      this.#published(room, pending)
    }
  }

  #refuse({ parts }: Commit, why: Rejected): void {
    for (const { room, pending } of parts) {
      room.refuse(pending, why)
      this.#published(room, undefined)
    }
  }

  /** The journal has failed: nothing is committed any more. */
  fail(error: unknown): void {
    const first = !this.#hasFailed
    this.#hasFailed = true
    this.close(storeFailed)
    if (first) this.#broken(error)
  }

  #append(parts: Commit['parts']): Promise<Appended> | Appended {
    const batches = parts.map(({ pending }) => pending.batch).filter(({ entries }) => entries.length > 0)
    return batches.length > 0 ? this.#journal.append(batches) : { status: 'committed' }
  }
}

/** Batches behind another one of their room, of this host or of another, are decided again. The rest is appended as it is. */
function takeBack(commit: Commit, isShared: boolean): void {
  const isBack = ({ pending }: Commit['parts'][number]) => pending.isBehind || isShared
  const back = commit.parts.filter(isBack)
  if (back.length === 0) throw new Error('the journal has not kept a batch that continues its room')
  for (const { room, pending } of back) room.takeBack(pending)
  commit.parts = commit.parts.filter((part) => !isBack(part))
}

const storeFailed = rejected(
  'CLOSED',
  'the host could not keep what was said and stops; once it is back, see what is there and send the rest again',
)
