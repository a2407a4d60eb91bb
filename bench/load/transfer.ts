import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface TransferLoad {
  readonly port: number
  readonly bytes: number
  /** Whether somebody else in the room receives the file. */
  readonly received: boolean
  /** `tamtam`: the line protocol. `copy`: the raw copy yardstick's. */
  readonly server: 'tamtam' | 'copy'
}

export interface TransferResult {
  /** From the first byte sent to the server's word that it has the file. */
  readonly uploadMs: number
  /** From the first byte sent to the last one received; undefined without a receiver. */
  readonly relayMs: number | undefined
}

const BLOCK_BYTES = 1024 * 1024
const PATIENCE_MS = 60_000

/** One file up, and down again to one receiver, every byte compared. */
export async function runTransfer(load: TransferLoad): Promise<TransferResult> {
  const block = someBytes()
  const sender = connect(load.port, '127.0.0.1')
  const receiver = load.received ? new Receiver(load, block) : undefined
  try {
    await once(sender, 'connect')
    await receiver?.ready
    const started = performance.now()
    const answered = answerOf(sender, load.server === 'tamtam' ? ' is in the room' : 'kept')
    await send(sender, load, block)
    await answered
    const uploadMs = performance.now() - started
    await receiver?.done
    return { uploadMs, relayMs: receiver === undefined ? undefined : performance.now() - started }
  } finally {
    sender.destroy()
    receiver?.end()
  }
}

async function send(socket: Socket, { bytes, server }: TransferLoad, block: Buffer): Promise<void> {
  socket.write(server === 'tamtam' ? `/put ${bytes} bench.bin\n` : `PUT ${bytes}\n`)
  for (let sent = 0; sent < bytes; sent += block.length) {
    if (!socket.write(block.subarray(0, bytes - sent))) await once(socket, 'drain')
  }
}

function answerOf(socket: Socket, sign: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the server does not say that it has the file')), PATIENCE_MS)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!text.includes(sign) && !/^!/m.test(text)) return
      clearTimeout(late)
      if (text.includes(sign)) resolve()
      else reject(new Error(`the server refused the file: ${text}`))
    })
    socket.once('error', reject)
  })
}

class Receiver {
  readonly ready: Promise<void>
  readonly done: Promise<void>
  readonly #socket: Socket
  readonly #bytes: number
  readonly #block: Buffer
  readonly #begin: RegExp
  #got = -1
  #text = ''
  #isReady: () => void = () => {}
  #isDone: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor({ port, bytes, server }: TransferLoad, block: Buffer) {
    this.#bytes = bytes
    this.#block = block
    this.#begin = server === 'tamtam' ? /(?:^|\n)SEND bench\.bin\n/ : /(?:^|\n)file\n/
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve
    })
    this.done = new Promise((resolve, reject) => {
      this.#isDone = resolve
      this.#fail = reject
    })
    const buffer = Buffer.alloc(256 * 1024)
    const onread = { buffer, callback: (length: number) => this.#take(buffer.subarray(0, length)) }
    this.#socket = connect({ port, host: '127.0.0.1', onread })
    this.#socket.once('error', (error) => this.#fail(error))
    this.#socket.setTimeout(PATIENCE_MS, () => this.#fail(new Error(`the file stopped after ${this.#got} bytes`)))
    this.#socket.write(server === 'tamtam' ? '/files inline\n' : 'GET\n')
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): boolean {
    if (this.#got >= 0) this.#body(chunk)
    else {
      this.#text += chunk.toString('latin1')
      if (this.#text.includes('\n')) this.#isReady()
      const found = this.#begin.exec(this.#text)
      if (found !== null) {
        this.#got = 0
        this.#body(Buffer.from(this.#text.slice(found.index + found[0].length), 'latin1'))
      }
    }
    return true
  }

  #body(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#got < this.#bytes; ) {
      const from = this.#got % this.#block.length
      const length = Math.min(chunk.length - at, this.#block.length - from, this.#bytes - this.#got)
      if (chunk.compare(this.#block, from, from + length, at, at + length) !== 0) {
        this.#fail(new Error(`the file is not the one that was sent, near byte ${this.#got}`))
        return
      }
      at += length
      this.#got += length
    }
    if (this.#got === this.#bytes) this.#isDone()
  }
}

function someBytes(): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  let random = 1
  for (let index = 0; index < block.length; index++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    block[index] = random >>> 24
  }
  return block
}
