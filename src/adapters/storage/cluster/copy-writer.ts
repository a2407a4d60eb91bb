import { setTimeout as pause } from 'node:timers/promises'
import { Waiters } from '#domain/async/waiters.ts'
import type { Journal, Trimmed } from '#domain/ports/journal.ts'
import type { Log } from '#domain/ports/system.ts'
import { Batch, type CommandId, type KnownId } from '#domain/room/batch.ts'

/** A node's own journal: a copy of what the cluster has. Entries that are missing between two batches stay missing. */
export interface JournalCopy extends Journal {
  /** Those of these ids that the room has already. */
  known(room: string, ids: readonly CommandId[]): Promise<readonly KnownId[]>
  /** Resolves when everything that was appended would survive a crash of the machine; false where the disk is full. */
  sync(): Promise<boolean>
}

const BATCHES_AT_ONCE = 256
/** From so many on, those who can wait do. */
const BUSY_JOBS = 4096
const RETRY_MS = 1000

interface Job {
  readonly batch?: Batch
  readonly trim?: Trimmed
  readonly done: () => void
}

/** Writes to the copy in the order in which it is told to, many batches at once. */
export class CopyWriter {
  readonly #copy: JournalCopy
  readonly #log: Log
  readonly #failed: (error: unknown) => void
  #jobs: Job[] = []
  #writing: Promise<void> | undefined
  readonly #drained = new Waiters()

  /** `failed` is called once, when the copy can be written no more. */
  constructor(copy: JournalCopy, log: Log, failed: (error: unknown) => void) {
    this.#copy = copy
    this.#log = log
    this.#failed = failed
  }

  /** `done` is called in turn, once it is written. */
  add(job: Job): void {
    this.#jobs.push(job)
    this.#writing ??= this.#write()
  }

  get isBusy(): boolean {
    return this.#jobs.length >= BUSY_JOBS
  }

  /** Resolves when it is not busy. */
  async ready(): Promise<void> {
    while (this.isBusy) await this.#drained.wait()
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #write(): Promise<void> {
    try {
      // The rest of this tick comes along.
      await undefined
      while (this.#jobs.length > 0) {
        const jobs = this.#jobs.splice(0, BATCHES_AT_ONCE)
        const batches = jobs.flatMap(({ batch }) => batch ?? [])
        if (batches.length > 0) await this.#append(batches)
        for (const { trim, done } of jobs) {
          // Nobody waits for it: it goes in steps, between the others.
          if (trim === undefined) done()
          else this.#copy.trim(trim.room, trim.upTo).then(done, this.#failed)
        }
        this.#drained.release()
      }
    } catch (error) {
      this.#failed(error)
      // What waits is never written.
      this.#jobs = []
      this.#drained.release()
    } finally {
      this.#writing = undefined
    }
  }

  async #append(batches: readonly Batch[]): Promise<void> {
    for (let rest = batches; ; ) {
      const appended = await this.#copy.append(rest)
      switch (appended.status) {
        case 'committed':
          return
        case 'duplicate':
          // The host that took them had forgotten the message that had the id before, and this one has not yet.
          rest = rest.map((batch) => withoutIds(batch, appended.known))
          break
        case 'readOnly':
          this.#log.warn('the copy of the cluster waits for its disk', { why: appended.message })
          await pause(RETRY_MS)
          break
        case 'behind':
          throw new Error('the copy of the cluster has entries that the cluster has not')
        default:
          appended satisfies never
      }
    }
  }
}

function withoutIds(batch: Batch, known: readonly KnownId[]): Batch {
  const gone = new Set(known.filter(({ room }) => room === batch.room).map(({ id }) => id))
  return gone.size === 0
    ? batch
    : new Batch(
        batch.room,
        batch.entries,
        batch.ids.filter(({ id }) => !gone.has(id)),
      )
}
