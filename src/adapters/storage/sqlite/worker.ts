import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { Log } from '#domain/ports/system.ts'
import { toFailure } from './errors.ts'
import { IdleWork } from './idle-work.ts'
import type { Answer, Failure, Request, WorkerOptions } from './messages.ts'
import { SUSPECT_FILE } from './opening.ts'
import { Store } from './store.ts'

// The journal's own thread: requests come in order, answers go out, and what may wait is done in between.
const options = workerData as WorkerOptions
const port = parentPort!
const answer = (message: Answer): void => port.postMessage(message)
const log: Log = {
  info: (what, fields = {}) => answer({ type: 'log', level: 'info', what, fields }),
  warn: (what, fields = {}) => answer({ type: 'log', level: 'warn', what, fields }),
  error: (what, fields = {}) => answer({ type: 'log', level: 'error', what, fields }),
}

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

/** The next start verifies all of it and saves what it can, however large it is. */
function noticed(): void {
  suspect()
  answer({ type: 'damaged' })
}

function suspect(): void {
  try {
    writeFileSync(join(options.directory, SUSPECT_FILE), '')
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
    store = new Store(options, log, noticed)
    return undefined
  }
  if (store === undefined) throw new RangeError('the journal is not open')
  switch (request.name) {
    case 'append':
      return store.append(request.asks)
    case 'span':
      return store.span(request.asks)
    case 'rooms':
      return store.rooms()
    case 'read':
      return store.read(request.asks)
    case 'facts':
      return store.facts(request.asks)
    case 'search':
      return store.search(request.asks)
    case 'holding':
      return store.holding(request.asks)
    case 'trim':
      return store.trim(request.asks)
    default:
      return request satisfies never
  }
}

/** Waits for searches and trims under way: they have the database in the middle of a step only within one turn. */
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
    const gets = perform(request)
    if (gets instanceof Promise) {
      const finished = gets.then(
        (value) => answer({ type: 'done', id, gets: value }),
        (error: unknown) => refuse(id, error),
      )
      if (request.name !== 'close') {
        running.add(finished)
        finished.finally(() => running.delete(finished))
      }
    } else answer({ type: 'done', id, gets })
    if (request.name === 'append') store?.settle()
  } catch (error) {
    refuse(id, error)
  }
  if (request.name !== 'close') idle.noteRequest()
})
