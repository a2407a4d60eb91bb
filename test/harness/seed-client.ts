import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './directory.ts'

/** A file as the seed's client closed it. */
export interface SavedFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
  /** How much it had printed by then. */
  readonly after: number
}

export type SeedOrder =
  | { readonly type: 'say'; readonly line: string }
  | { readonly type: 'send'; readonly name: string; readonly path: string }
  | { readonly type: 'end' }

export type SeedNews =
  | { readonly type: 'connected' }
  | { readonly type: 'printed'; readonly text: string }
  | { readonly type: 'saved'; readonly name: string; readonly size: number; readonly sha256: string }
  | { readonly type: 'sent'; readonly name: string }

const DEADLINE_MS = 120_000

/** The seed's own client, in a thread of its own, so that it reads when it likes and not when the host lets it. */
export class SeedClient {
  printed = ''
  readonly saved: SavedFile[] = []
  readonly #worker: Worker
  readonly #sent = new Set<string>()
  readonly #waiting = new Set<() => void>()
  #failure: Error | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('error', (error) => {
      this.#failure = error as Error
      for (const wake of [...this.#waiting]) wake()
    })
    worker.on('message', (news: SeedNews) => {
      if (news.type === 'printed') this.printed += news.text
      if (news.type === 'saved') {
        const { name, size, sha256 } = news
        this.saved.push({ name, size, sha256, after: this.printed.length })
      }
      if (news.type === 'sent') this.#sent.add(news.name)
      for (const wake of [...this.#waiting]) wake()
    })
  }

  static async connect(port: number): Promise<SeedClient> {
    const directory = await temporaryDirectory()
    const program = fileURLToPath(new URL('./seed-program.ts', import.meta.url))
    const worker = new Worker(program, { workerData: { port, directory } })
    onTestFinished(async () => {
      await worker.terminate()
    })
    const client = new SeedClient(worker)
    await once(worker, 'message')
    return client
  }

  say(line: string): void {
    this.#order({ type: 'say', line })
  }

  /** Resolves when the last byte has left. */
  async send(name: string, path: string): Promise<void> {
    this.#order({ type: 'send', name, path })
    await this.until(() => this.#sent.has(name))
  }

  async until(wanted: (client: this) => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS
    while (!wanted(this)) {
      const left = deadline - performance.now()
      if (this.#failure !== undefined) throw this.#failure
      if (left <= 0) {
        const notices = this.printed.split('\n').filter((line) => /^[*!] /.test(line))
        throw new Error(`waited in vain for ${wanted}: ${this.saved.length} saved\n${notices.slice(-8).join('\n')}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      this.#waiting.clear()
    }
  }

  #order(order: SeedOrder): void {
    this.#worker.postMessage(order)
  }
}
