import { someBytes } from './body.ts'
import { type Flow, get, receive, upload } from './flows.ts'

export interface FloodLoad {
  readonly port: number
  readonly uploads: number
  readonly downloads: number
  /** Of each file. */
  readonly bytes: number
}

/** Uploads and downloads over HTTP, again and again, as fast as they go. */
export class Flood {
  readonly #load: FloodLoad
  readonly #flow: Flow
  #status: 'running' | 'ending' = 'running'
  #streams: Promise<void>[] = []
  #moved = 0
  #began = 0

  constructor(load: FloodLoad) {
    this.#load = load
    const { port, bytes } = load
    this.#flow = {
      port,
      secure: false,
      bytes,
      wire: 'tamtam',
      receivers: 0,
      block: someBytes(),
      begin: () => {},
      end: () => {},
    }
  }

  /** Resolves when all of it runs. */
  async begin(): Promise<void> {
    const { uploads, downloads } = this.#load
    const path = await upload(this.#flow)
    this.#began = performance.now()
    for (let count = 0; count < uploads; count++) this.#stream(() => upload(this.#flow))
    for (let count = 0; count < downloads; count++) this.#stream(() => receive(this.#flow, get(path)))
  }

  /** Answers how many megabytes were moved in a second. */
  async end(): Promise<number> {
    this.#status = 'ending'
    await Promise.all(this.#streams)
    return this.#moved / 1000 / (performance.now() - this.#began)
  }

  #stream(move: () => Promise<unknown>): void {
    const streaming = async () => {
      while (this.#status === 'running') {
        await move()
        this.#moved += this.#load.bytes
      }
    }
    const stream = streaming()
    stream.catch(() => {})
    this.#streams.push(stream)
  }
}
