import { Worker } from 'node:worker_threads'
import type { Log } from '#domain/ports/system.ts'
import { threadOf } from '#system/files/shipped.ts'
import type { Answer, CallName, Calls, Failure, Request, WorkerOptions } from './worker-messages.ts'

interface Waiting {
  resolve(result: unknown): void
  reject(failure: Failure): void
}

/** The program of the thread: a source, or compiled, as this file. */
const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url)
const GONE: Failure = { kind: 'broken', message: 'its thread has ended', sqliteCode: undefined }

/**
 * The main thread's end of the worker: calls go out, answers come back by number. Rejects with a `Failure`. The thread begins at once, and loads
 * beside the main thread; until `open` it does nothing, and keeps no process alive.
 */
export class WorkerLink {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #told: { readonly log: Log; readonly damaged: () => void } | undefined
  #gone: Failure | undefined
  #newest = 0

  constructor() {
    const execArgv = ['--disable-warning=ExperimentalWarning']
    this.#worker = new Worker(...threadOf(WORKER, { name: 'journal', execArgv }))
    this.#worker.on('message', (answer: Answer) => this.#take(answer))
    this.#worker.on('error', (error) => this.#end({ ...GONE, message: `its thread failed: ${String(error)}` }))
    this.#worker.on('exit', () => this.#end(GONE))
    this.#worker.unref()
  }

  /** `damaged` is called for each damaged place that the worker meets. */
  async open(options: WorkerOptions, log: Log, damaged: () => void): Promise<void> {
    this.#told = { log, damaged }
    this.#worker.ref()
    await this.call('open', options)
  }

  call<Name extends CallName>(
    name: Name,
    args: Calls[Name]['args'],
    moved: ArrayBuffer[] = [],
  ): Promise<Calls[Name]['result']> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone)
        return
      }
      this.#newest += 1
      this.#waiting.set(this.#newest, { resolve, reject })
      this.#worker.postMessage({ id: this.#newest, name, args } as Request, moved)
    }) as Promise<Calls[Name]['result']>
  }

  /** Lets pending calls finish, closes the database and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.call('close', undefined)
    } finally {
      await this.terminate()
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(answer: Answer): void {
    if (answer.type === 'log') {
      this.#told?.log[answer.level](answer.what, answer.fields)
      return
    }
    if (answer.type === 'damaged') {
      this.#told?.damaged()
      return
    }
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.type === 'done') waiting?.resolve(answer.result)
    else waiting?.reject(answer.failure)
  }

  #end(failure: Failure): void {
    this.#gone ??= failure
    for (const waiting of this.#waiting.values()) waiting.reject(this.#gone)
    this.#waiting.clear()
  }
}
