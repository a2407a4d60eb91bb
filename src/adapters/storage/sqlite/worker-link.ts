import { Worker } from 'node:worker_threads'
import type { Log } from '#domain/ports/system.ts'
import type { Answer, CallName, Calls, Failure, Request, WorkerOptions } from './messages.ts'

interface Waiting {
  resolve(gets: unknown): void
  reject(failure: Failure): void
}

/** The program of the thread: a source, or compiled like this file. */
const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url)
const GONE: Failure = { kind: 'broken', message: 'its thread has ended', sqliteCode: undefined }

/** The main thread's end of the worker: calls go out, answers come back by their number. Rejects with a `Failure`. */
export class WorkerLink {
  readonly #worker: Worker
  readonly #log: Log
  readonly #damaged: () => void
  readonly #waiting = new Map<number, Waiting>()
  #gone: Failure | undefined
  #newest = 0

  /** `damaged` hears of each damaged place that the worker meets. */
  constructor(options: WorkerOptions, log: Log, damaged: () => void) {
    this.#log = log
    this.#damaged = damaged
    this.#worker = new Worker(WORKER, {
      name: 'journal',
      workerData: options,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    this.#worker.on('message', (answer: Answer) => this.#take(answer))
    this.#worker.on('error', (error) => this.#end({ ...GONE, message: `its thread failed: ${String(error)}` }))
    this.#worker.on('exit', () => this.#end(GONE))
  }

  call<Name extends CallName>(
    name: Name,
    asks: Calls[Name]['asks'],
    moved: ArrayBuffer[] = [],
  ): Promise<Calls[Name]['gets']> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone)
        return
      }
      this.#newest += 1
      this.#waiting.set(this.#newest, { resolve, reject })
      this.#worker.postMessage({ id: this.#newest, name, asks } as Request, moved)
    }) as Promise<Calls[Name]['gets']>
  }

  /** Lets what was asked finish, closes the database and ends the thread. */
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
      this.#log[answer.level](answer.what, answer.fields)
      return
    }
    if (answer.type === 'damaged') {
      this.#damaged()
      return
    }
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.type === 'done') waiting?.resolve(answer.gets)
    else waiting?.reject(answer.failure)
  }

  #end(failure: Failure): void {
    this.#gone ??= failure
    for (const waiting of this.#waiting.values()) waiting.reject(this.#gone)
    this.#waiting.clear()
  }
}
