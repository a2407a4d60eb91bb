import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { SENTINEL } from '#server/line/sentinel.ts'
import { News } from './news.ts'
import { PATIENCE_MS } from './patience.ts'

/** A file as it came in band: between its header and its end mark. */
export interface InBandFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
  /** Lines that had arrived before it. */
  readonly after: number
}

export interface ClientOptions {
  /** The address to come from; 127.0.0.x are all at hand on Linux. */
  readonly from?: string
  /** The address to reach the host at. */
  readonly to?: string
  /** Keeps everything that arrived, for tests that look at raw bytes. */
  readonly keepBytes?: boolean
}

interface Arriving {
  readonly name: string
  readonly hash: Hash
  size: number
  /** What may be the beginning of the end mark. */
  held: Buffer
}

type Wanted = string | RegExp | ((client: LineClient) => boolean)

const LF = 0x0a

/** What a person's netcat is to the line server, with hands: it reads lines and in-band files, or stalls, or breaks off. */
export class LineClient {
  /** Complete lines without their ends, files left out. */
  readonly lines: string[] = []
  readonly files: InBandFile[] = []
  readonly socket: Socket
  /** Why the connection is over, once it is. */
  over: 'open' | 'ended' | 'reset' = 'open'
  readonly #keepBytes: boolean
  readonly #kept: Buffer[] = []
  readonly #news = new News()
  #partial: Buffer = Buffer.alloc(0)
  #file: Arriving | undefined

  constructor(socket: Socket, options: ClientOptions = {}) {
    this.socket = socket
    this.#keepBytes = options.keepBytes ?? true
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => {
      this.over = 'reset'
    })
    socket.on('end', () => {
      if (this.over === 'open') this.over = 'ended'
      this.#news.wake()
    })
    socket.on('close', () => {
      if (this.over === 'open') this.over = 'ended'
      this.#news.wake()
    })
  }

  static async connect(port: number, options: ClientOptions = {}): Promise<LineClient> {
    const from = options.from === undefined ? {} : { localAddress: options.from }
    const where: NetConnectOpts = { port, host: options.to ?? '127.0.0.1', allowHalfOpen: true, noDelay: true, ...from }
    const socket = connect(where)
    await once(socket, 'connect')
    return new LineClient(socket, options)
  }

  /** Comes in, and waits until the room has taken it. It speaks first, so that nobody has to wait whether it is a silent listener. */
  static async join(port: number, nick?: string, options: ClientOptions = {}): Promise<LineClient> {
    const client = await LineClient.connect(port, options)
    const [said, answer] =
      nick === undefined
        ? ['/files inline', '* files come as bytes, right here']
        : [`/nick ${nick}`, `* you are now ${nick}`]
    await client.ask(said, answer)
    if (nick === undefined) client.lines.splice(client.lines.indexOf(answer), 1)
    return client
  }

  /** What people said. */
  get talk(): string[] {
    return this.lines.filter((line) => line.startsWith('<'))
  }

  get errors(): string[] {
    return this.lines.filter((line) => line.startsWith('! '))
  }

  /** Everything that arrived, byte for byte. */
  get bytes(): Buffer {
    return Buffer.concat(this.#kept)
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** Each piece in a segment of its own, as far as a sender can tell: written when the one before has left. */
  async writeApart(...pieces: readonly (string | Uint8Array)[]): Promise<this> {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => this.socket.write(piece, () => resolve()))
      // The host's turn: what was written is in its socket by now.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return this
  }

  async writeByteByByte(bytes: string | Uint8Array): Promise<this> {
    const all = Buffer.from(bytes as Uint8Array)
    return await this.writeApart(...Array.from(all, (byte) => Buffer.of(byte)))
  }

  /** As fast as the host reads it, and no faster. */
  async stream(source: Iterable<Uint8Array>): Promise<void> {
    for (const bytes of source) if (!this.socket.write(bytes)) await once(this.socket, 'drain')
  }

  async ask(line: string, answer: Wanted): Promise<string> {
    const from = this.lines.length
    this.write(`${line}\n`)
    return await this.until(answer, from)
  }

  /** Waits until a line that arrived at or after the index `from` is wanted, or the client is as wanted; answers the line. */
  async until(wanted: Wanted, from = 0, deadlineMs = PATIENCE_MS): Promise<string> {
    const found = (): string | undefined => {
      if (typeof wanted === 'function') return wanted(this) ? '' : undefined
      for (let index = from; index < this.lines.length; index++) {
        const line = this.lines[index] as string
        if (typeof wanted === 'string' ? line === wanted : wanted.test(line)) return line
      }
      return undefined
    }
    const deadline = performance.now() + deadlineMs
    while (true) {
      const line = found()
      if (line !== undefined) return line
      const left = deadline - performance.now()
      if (left <= 0 || this.over !== 'open')
        throw new Error(`${this.over}: waited for ${wanted}; the last lines were\n${this.lines.slice(-8).join('\n')}`)
      await this.#news.next(left)
    }
  }

  /** Waits until the host has closed its side. */
  async closed(deadlineMs = PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + deadlineMs
    while (this.over === 'open') {
      const left = deadline - performance.now()
      if (left <= 0)
        throw new Error(`the host did not hang up; the last lines were\n${this.lines.slice(-8).join('\n')}`)
      await this.#news.next(left)
    }
  }

  pause(): this {
    this.socket.pause()
    return this
  }

  resume(): this {
    this.socket.resume()
    return this
  }

  /** Says that nothing more comes, and goes on reading. */
  halfClose(): this {
    this.socket.end()
    return this
  }

  /** Breaks off with RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  leave(): void {
    this.socket.destroy()
  }

  #take(bytes: Buffer): void {
    if (this.#keepBytes) this.#kept.push(bytes)
    let rest: Buffer = bytes
    while (rest.length > 0) rest = this.#file === undefined ? this.#readLine(rest) : this.#readFile(rest)
    this.#news.wake()
  }

  #readLine(bytes: Buffer): Buffer {
    const end = bytes.indexOf(LF)
    if (end < 0) {
      this.#partial = Buffer.concat([this.#partial, bytes])
      return Buffer.alloc(0)
    }
    const line = Buffer.concat([this.#partial, bytes.subarray(0, end)]).toString()
    this.#partial = Buffer.alloc(0)
    if (line.startsWith('SEND '))
      this.#file = { name: line.slice(5), size: 0, hash: createHash('sha256'), held: Buffer.alloc(0) }
    else this.lines.push(line)
    return bytes.subarray(end + 1)
  }

  #readFile(bytes: Buffer): Buffer {
    const file = this.#file as Arriving
    const seen = file.held.length === 0 ? bytes : Buffer.concat([file.held, bytes])
    const mark = seen.indexOf(SENTINEL)
    const certain = mark >= 0 ? mark : Math.max(0, seen.length - SENTINEL.length + 1)
    file.hash.update(seen.subarray(0, certain))
    file.size += certain
    file.held = Buffer.from(seen.subarray(certain))
    if (mark < 0) return Buffer.alloc(0)
    const { name, size, hash } = file
    this.files.push({ name, size, sha256: hash.digest('hex'), after: this.lines.length })
    this.#file = undefined
    return seen.subarray(mark + SENTINEL.length)
  }
}

/** Everything that was said before has reached the reader once this has: how a test knows that nothing else comes. */
export async function caughtUp(speaker: LineClient, ...readers: readonly LineClient[]): Promise<void> {
  const word = `caught-up-${Math.random().toString(36).slice(2)}`
  speaker.write(`${word}\n`)
  await Promise.all(readers.map((reader) => reader.until((client) => client.talk.some((line) => line.endsWith(word)))))
  for (const reader of readers)
    reader.lines.splice(
      reader.lines.findIndex((line) => line.endsWith(word)),
      1,
    )
}
