import { createReadStream } from 'node:fs'
import { request } from 'node:http'
import { Upload } from 'tus-js-client'

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

/** Uploads and downloads over HTTP, again and again, at full speed. */
export class Flood {
  readonly #load: FloodLoad
  /** The content of every file, again and again. */
  readonly #block = Buffer.from(Array.from({ length: BLOCK_BYTES }, (_, index) => (index * 7 + (index >> 8)) & 0xff))
  #status: 'running' | 'ending' = 'running'
  #streams: Promise<void>[] = []
  #moved = 0
  #began = 0

  constructor(load: FloodLoad) {
    this.#load = load
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
    let text = ''
    await this.#exchange('PUT', `${ROOM}/bench.bin`, (chunk) => {
      text += chunk.toString()
    })
    return JSON.parse(text).url
  }

  async #download(path: string): Promise<void> {
    let at = 0
    await this.#exchange('GET', path, (chunk) => {
      for (let from = 0; from < chunk.length; ) {
        const start = at % BLOCK_BYTES
        const length = Math.min(chunk.length - from, BLOCK_BYTES - start)
        if (chunk.compare(this.#block, start, start + length, from, from + length) !== 0)
          throw new Error(`a file differs from the sent one, near byte ${at}`)
        from += length
        at += length
      }
    })
    if (at !== this.#load.bytes) throw new Error(`a file ended after ${at} bytes`)
  }

  #exchange(method: 'PUT' | 'GET', path: string, take: (chunk: Buffer) => void): Promise<void> {
    const { port, bytes } = this.#load
    return new Promise((resolve, reject) => {
      const headers = method === 'PUT' ? { 'Content-Length': bytes } : {}
      const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
        if (Math.floor((answer.statusCode ?? 0) / 100) !== 2) reject(new Error(`refused: ${answer.statusCode}`))
        answer.on('data', (chunk: Buffer) => {
          try {
            take(chunk)
          } catch (error) {
            asked.destroy(error as Error)
          }
        })
        answer.once('end', resolve).once('error', reject)
      })
      asked.once('error', reject)
      let left = method === 'PUT' ? bytes : 0
      const send = () => {
        for (let isFree = true; isFree && left > 0; ) {
          const length = Math.min(BLOCK_BYTES, left)
          left -= length
          isFree = asked.write(this.#block.subarray(0, length))
        }
        if (left === 0) asked.end()
      }
      asked.on('drain', send)
      send()
    })
  }
}
