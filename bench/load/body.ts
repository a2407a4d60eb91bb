import { once } from 'node:events'
import type { Socket } from 'node:net'
import { dial } from './dial.ts'

const BLOCK_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024
const PATIENCE_MS = 60_000

/** What every file of a run consists of, again and again. */
export function someBytes(): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  let random = 1
  for (let index = 0; index < block.length; index++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    block[index] = random >>> 24
  }
  return block
}

/** Writes the bytes of a file from one offset to another, as fast as they are taken. */
export async function sendBytes(socket: Socket, block: Buffer, from: number, to: number): Promise<void> {
  for (let at = from; at < to; ) {
    const start = at % block.length
    const length = Math.min(block.length - start, to - at)
    at += length
    if (!socket.write(block.subarray(start, start + length))) await once(socket, 'drain')
  }
}

/** Waits for a word of the server. */
export function answerOf(socket: Socket, wanted: RegExp, refused: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the server does not say ${wanted}`)), PATIENCE_MS)
    let text = ''
    const hear = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!wanted.test(text) && !refused.test(text)) return
      clearTimeout(late)
      socket.off('data', hear)
      if (wanted.test(text)) resolve(text)
      else reject(new Error(`the server refused: ${text}`))
    }
    socket.on('data', hear)
    socket.once('error', reject)
  })
}

export interface LineUpload {
  readonly port: number
  readonly secure: boolean
  readonly request: string
  /** Behind this the bytes begin. */
  readonly begin: RegExp
  readonly bytes: number
  /** Every so manieth block is compared; the lengths always are. */
  readonly compareEvery: number
}

/** Receives a file, and compares what comes with what it is to be. */
export class Receiver {
  /** The server has said something. */
  readonly ready: Promise<void>
  readonly done: Promise<void>
  readonly #socket: Socket
  readonly #wanted: LineUpload
  readonly #block: Buffer
  #got = -1
  #text = ''
  #isReady: () => void = () => {}
  #isDone: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(wanted: LineUpload, block: Buffer) {
    this.#wanted = wanted
    this.#block = block
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve
    })
    this.done = new Promise((resolve, reject) => {
      this.#isDone = resolve
      this.#fail = reject
    })
    this.done.catch(() => {})
    const buffer = Buffer.alloc(READ_BYTES)
    const onread = { buffer, callback: (length: number) => this.#take(buffer.subarray(0, length)) }
    this.#socket = dial(wanted, onread)
    this.#socket.once('error', (error) => this.#fail(error))
    this.#socket.once('end', () => this.#fail(new Error(`the file ended after ${this.#got} bytes: ${this.#text}`)))
    this.#socket.setTimeout(PATIENCE_MS, () => this.#fail(new Error(`the file stopped after ${this.#got} bytes`)))
    this.#socket.write(wanted.request)
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): boolean {
    if (this.#got >= 0) this.#body(chunk)
    else {
      this.#text += chunk.toString('latin1')
      if (this.#text.includes('\n')) this.#isReady()
      const found = this.#wanted.begin.exec(this.#text)
      if (found !== null) {
        this.#got = 0
        this.#body(Buffer.from(this.#text.slice(found.index + found[0].length), 'latin1'))
      }
    }
    return true
  }

  #body(chunk: Buffer): void {
    const { bytes, compareEvery } = this.#wanted
    const size = this.#block.length
    for (let at = 0; at < chunk.length && this.#got < bytes; ) {
      const from = this.#got % size
      const length = Math.min(chunk.length - at, size - from, bytes - this.#got)
      const compared = Math.floor(this.#got / size) % compareEvery === 0
      if (compared && chunk.compare(this.#block, from, from + length, at, at + length) !== 0) {
        this.#fail(new Error(`the file is not the one that was sent, near byte ${this.#got}`))
        return
      }
      at += length
      this.#got += length
    }
    if (this.#got === bytes) this.#isDone()
  }
}
