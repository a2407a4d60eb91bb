import { parentPort } from 'node:worker_threads'
import type { Log } from '#domain/ports/system.ts'
import { toFailure } from './errors.ts'
import { markSuspect } from './journal-files.ts'
import { Store } from './store.ts'
import type { Answer, Failure, Request, WorkerOptions } from './worker-messages.ts'

/** The time without requests after which background work begins. */
const QUIET_MS = 20
/** Under constant load, one step in this time keeps the backlog from growing without end. */
const AT_LEAST_EVERY_MS = 250
/** After a failed step (full disk). */
const RETRY_MS = 5000

/** Does background work in short steps while no requests come. */
class IdleWork {
  readonly #isWaiting: () => boolean
  readonly #step: () => boolean
  #timer: NodeJS.Timeout | undefined
  #requestedAt = 0
  #steppedAt = 0

  /** `step` does one short step and answers whether it could. */
  constructor(isWaiting: () => boolean, step: () => boolean) {
    this.#isWaiting = isWaiting
    this.#step = step
  }

  noteRequest(): void {
    this.#requestedAt = performance.now()
    if (this.#timer === undefined && this.#isWaiting()) this.#wait(QUIET_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#run(), ms)
  }

  #run(): void {
    this.#timer = undefined
    if (!this.#isWaiting()) return
    const now = performance.now()
    const quietIn = this.#requestedAt + QUIET_MS - now
    if (quietIn > 0 && now - this.#steppedAt < AT_LEAST_EVERY_MS) {
      this.#wait(quietIn)
      return
    }
    this.#steppedAt = now
    this.#wait(this.#step() ? 0 : RETRY_MS)
  }
}

// The journal's own thread: requests come in order, answers go out, background work is done in between.
const port = parentPort!
const answer = (message: Answer): void => port.postMessage(message)
const log: Log = {
  info: (what, fields = {}) => answer({ type: 'log', level: 'info', what, fields }),
  warn: (what, fields = {}) => answer({ type: 'log', level: 'warn', what, fields }),
  error: (what, fields = {}) => answer({ type: 'log', level: 'error', what, fields }),
}

let options: WorkerOptions | undefined
let store: Store | undefined
let broken: Failure | undefined
const running = new Set<Promise<void>>()
const idle = new IdleWork(() => store?.isBehind === true && broken === undefined, guardedIdleStep)

function fail(error: unknown): Failure {
  const failure = toFailure(error)
  if (failure.kind !== 'broken' || broken !== undefined) return failure
  broken = failure
  suspect()
  return failure
}

/** Called for each damaged place. */
function damaged(): void {
  suspect()
  answer({ type: 'damaged' })
}

/** The next start verifies the whole journal, however large, and saves all readable entries. */
function suspect(): void {
  try {
    if (options !== undefined) markSuspect(options.directory)
  } catch (error) {
    log.warn('the journal could not be marked for verification', { error: String(error) })
  }
}

function guardedIdleStep(): boolean {
  try {
    return store?.idleStep() ?? false
  } catch (error) {
    log.error('the journal failed while nobody waited for it', {
      error: String(error),
      sqliteCode: fail(error).sqliteCode,
    })
    return false
  }
}

const perform = (request: Request): unknown => {
  if (request.name === 'close') return close()
  if (broken !== undefined) throw new Error(broken.message)
  if (request.name === 'open') {
    options = request.args
    store = new Store(options, log, damaged)
    return undefined
  }
  if (store === undefined) throw new RangeError('the journal is not open')
  switch (request.name) {
    case 'append':
      return store.append(request.args)
    case 'known':
      return store.known(request.args)
    case 'sync':
      return store.sync()
    case 'span':
      return store.span(request.args)
    case 'rooms':
      return store.rooms()
    case 'read':
      return store.read(request.args)
    case 'facts':
      return store.facts(request.args)
    case 'search':
      return store.search(request.args)
    case 'holding':
      return store.holding(request.args)
    case 'trim':
      return store.trim(request.args)
    case 'erase':
      return store.erase(request.args)
    default:
      return request satisfies never
  }
}

/** Waits for searches and trims under way: between their steps the database is consistent. */
const close = async (): Promise<void> => {
  idle.stop()
  await Promise.allSettled(running)
  if (broken === undefined) store?.close()
  else store?.abandon()
}

const refuse = (id: number, error: unknown): void => answer({ type: 'failed', id, failure: broken ?? fail(error) })

port.on('message', (request: Request) => {
  const { id } = request
  try {
    const result = perform(request)
    if (result instanceof Promise) {
      const finished = result.then(
        (value) => answer({ type: 'done', id, result: value }),
        (error: unknown) => refuse(id, error),
      )
      if (request.name !== 'close') {
        running.add(finished)
        finished.finally(() => running.delete(finished))
      }
    } else answer({ type: 'done', id, result })
    if (request.name === 'append') store?.settle()
    if (request.name === 'open') import.meta.keepCompiled?.()
  } catch (error) {
    refuse(id, error)
  }
  if (request.name !== 'close') idle.noteRequest()
})
