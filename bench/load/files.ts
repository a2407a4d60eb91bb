import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { connect } from 'node:net'
import { Upload } from 'tus-js-client'
import { Endpoint } from '#client/endpoint.ts'
import { NodeHttp } from '#client/node-http.ts'

/** An upload by tus-js-client. */
export interface TusLoad {
  /** Where uploads are created. */
  readonly endpoint: string
  readonly path: string
  readonly bytes: number
}

export const runTus = ({ endpoint, path, bytes }: TusLoad): Promise<void> =>
  new Promise((resolve, reject) =>
    new Upload(createReadStream(path, { highWaterMark: BLOCK_BYTES }), {
      endpoint,
      metadata: { filename: 'bench.bin' },
      uploadSize: bytes,
      chunkSize: Number.POSITIVE_INFINITY,
      retryDelays: null,
      onSuccess: () => resolve(),
      onError: reject,
    }).start(),
  )

export interface FloodLoad {
  readonly port: number
  readonly uploads: number
  readonly downloads: number
  /** Of each file. */
  readonly bytes: number
}

const BLOCK_BYTES = 1024 * 1024
const ROOM = '/rooms/bench/files'
const IDLE_MS = 60_000

/** Uploads and downloads over HTTP, again and again, at full speed. */
export class Flood {
  readonly #load: FloodLoad
  readonly #http: NodeHttp
  /** The content of every file, again and again. */
  readonly #block = Buffer.from(Array.from({ length: BLOCK_BYTES }, (_, index) => (index * 7 + (index >> 8)) & 0xff))
  #status: 'running' | 'ending' = 'running'
  #streams: Promise<void>[] = []
  #moved = 0
  #began = 0

  constructor(load: FloodLoad) {
    this.#load = load
    const at = { host: '127.0.0.1', port: load.port, tls: false }
    const endpoint = new Endpoint(at, async () => {
      const socket = connect(at)
      await once(socket, 'connect')
      return socket
    })
    this.#http = new NodeHttp(endpoint, { idleMs: IDLE_MS })
  }

  /** Resolves when all of it runs. */
  async begin(): Promise<void> {
    const { uploads, downloads } = this.#load
    const path = await this.#upload()
    this.#began = performance.now()
    for (let count = 0; count < uploads; count++) this.#stream(() => this.#upload())
    for (let count = 0; count < downloads; count++) this.#stream(() => this.#download(path))
  }

  /** Answers the megabytes a second. */
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

  /** Answers the path of the file. */
  async #upload(): Promise<string> {
    const { bytes: length } = this.#load
    const answer = await this.#http.request(`${ROOM}/bench.bin`, { method: 'PUT', body: this.#content(), length })
    const text = Buffer.from(await answer.bytes()).toString()
    if (answer.status !== 201) throw new Error(`an upload was refused: ${text}`)
    return JSON.parse(text).url
  }

  async *#content(): AsyncGenerator<Uint8Array> {
    for (let left = this.#load.bytes; left > 0; left -= BLOCK_BYTES) yield this.#block.subarray(0, left)
  }

  async #download(path: string): Promise<void> {
    const answer = await this.#http.request(path, {})
    let at = 0
    for await (const chunk of answer.chunks()) {
      for (let from = 0; from < chunk.length; ) {
        const start = at % BLOCK_BYTES
        const length = Math.min(chunk.length - from, BLOCK_BYTES - start)
        if (this.#block.compare(chunk, from, from + length, start, start + length) !== 0)
          throw new Error(`a file differs from the sent one, near byte ${at}`)
        from += length
        at += length
      }
    }
    if (at !== this.#load.bytes) throw new Error(`a file ended after ${at} bytes`)
  }
}
