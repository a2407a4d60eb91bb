import { once } from 'node:events'
import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const BLOCK_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024
const PATIENCE_MS = 60_000

/** A connection to a server of the run, in plain or over TLS with any certificate. */
export function dial(
  { port, secure }: { readonly port: number; readonly secure: boolean },
  onread?: OnReadOpts,
): Socket {
  // Node's types know of no `onread` over TLS, which it has.
  const options = { port, host: '127.0.0.1', noDelay: true, ...(onread === undefined ? {} : { onread }) }
  return secure ? connectTls({ ...options, rejectUnauthorized: false } as object) : connect(options)
}

/** The content of every file of a run, again and again. */
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

/** Waits for an answer of the server. */
export function answerOf(socket: Socket, wanted: RegExp, refused: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the server does not answer ${wanted}`)), PATIENCE_MS)
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

export interface Reception {
  readonly port: number
  readonly secure: boolean
  readonly request: string
  /** Behind this the bytes begin. */
  readonly begin: RegExp
  readonly bytes: number
  /** Every so manieth block is compared; the lengths always are. */
  readonly compareEvery: number
}

/** Receives a file, and compares each byte. */
export class Receiver {
  readonly #ready = Promise.withResolvers<void>()
  readonly #done = Promise.withResolvers<void>()
  /** The server has answered. */
  readonly ready: Promise<void> = this.#ready.promise
  readonly done: Promise<void> = this.#done.promise
  readonly #socket: Socket
  readonly #wanted: Reception
  readonly #block: Buffer
  #got = -1
  #text = ''

  constructor(wanted: Reception, block: Buffer) {
    this.#wanted = wanted
    this.#block = block
    this.done.catch(() => {})
    const buffer = Buffer.alloc(READ_BYTES)
    const onread = { buffer, callback: (length: number) => this.#take(buffer.subarray(0, length)) }
    this.#socket = dial(wanted, onread)
    this.#socket.once('error', (error) => this.#done.reject(error))
    this.#socket.once('end', () =>
      this.#done.reject(new Error(`the file ended after ${this.#got} bytes: ${this.#text}`)),
    )
    this.#socket.setTimeout(PATIENCE_MS, () =>
      this.#done.reject(new Error(`the file stopped after ${this.#got} bytes`)),
    )
    this.#socket.write(wanted.request)
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): boolean {
    if (this.#got >= 0) this.#body(chunk)
    else {
      this.#text += chunk.toString('latin1')
      if (this.#text.includes('\n')) this.#ready.resolve()
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
        this.#done.reject(new Error(`the file differs from the sent one, near byte ${this.#got}`))
        return
      }
      at += length
      this.#got += length
    }
    if (this.#got === bytes) this.#done.resolve()
  }
}
