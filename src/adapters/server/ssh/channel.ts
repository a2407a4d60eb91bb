import { Duplex } from 'node:stream'
import type { ServerChannel } from 'ssh2'
import { forTerminal } from '#domain/names/text.ts'
import type { WholeFile } from '#domain/room/events.ts'

export type LibraryChannel = ServerChannel

/** The connection below a channel. */
export interface ChannelLink {
  /** Calls `then` once the connection takes more; never where it ends first. */
  whenReady(then: () => void): void
}

/** Encrypted in one step: others have their turn behind it. */
const STEP_BYTES = 64 * 1024
const HELD_BYTES = 256 * 1024
/** A screen that is said to be larger costs no more. */
const MOST_CELLS = 500

/**
 * One channel as a stream that keeps its bounds: it takes no more than its client and the socket below do, and reads no more than is taken from
 * it. Emits `signal` when the client wants what runs on it to end.
 */
export class SshChannel extends Duplex {
  readonly #channel: ServerChannel
  readonly #link: ChannelLink
  /** Steps that its client has taken, and when the last of them was seen. */
  #steps = 0
  #stepsBefore = -1
  #movedAt = 0
  #exitStatus: number | undefined
  #isResizing = false

  /** It goes to a terminal of this size: a line ends as it does there. */
  isTTY = false
  columns = 80
  rows = 24

  constructor(channel: ServerChannel, link: ChannelLink) {
    super({ readableHighWaterMark: STEP_BYTES, writableHighWaterMark: HELD_BYTES, allowHalfOpen: true })
    this.#channel = channel
    // The library gives its window anew while less than this is unread: 2 MiB of its own would be 4 for each channel.
    const { _readableState: readable } = channel as unknown as { readonly _readableState: { highWaterMark: number } }
    readable.highWaterMark = HELD_BYTES
    this.#link = link
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause()
    })
    channel.once('end', () => this.push(null))
    channel.once('close', () => this.destroy())
    channel.on('error', () => this.destroy())
    channel.stderr.on('error', () => {})
  }

  /** Bytes that have come and that nobody has read. */
  get unread(): number {
    return this.#channel.readableLength + this.readableLength
  }

  /** For how many milliseconds its client has taken nothing although something waits, as in `Outbox`. */
  stalledMs(now: number): number {
    if (this.#steps !== this.#stepsBefore || this.writableLength === 0) {
      this.#stepsBefore = this.#steps
      this.#movedAt = now
    }
    return now - this.#movedAt
  }

  /** Its terminal has another size: `resize` tells of the last of several, once the client has taken what was drawn before. */
  resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.isTTY = true
    this.columns = Math.min(columns, MOST_CELLS) || 80
    this.rows = Math.min(rows, MOST_CELLS) || 24
    if (this.#isResizing) return
    this.#isResizing = true
    setImmediate(async () => {
      await this.drained()
      this.#isResizing = false
      this.emit('resize')
    })
  }

  /** Resolves when more may be written, or it is over. */
  async drained(): Promise<void> {
    if (!this.writableNeedDrain || this.destroyed) return
    await new Promise<void>((resolve) => {
      const settle = () => {
        this.off('drain', settle)
        this.off('close', settle)
        resolve()
      }
      this.once('drain', settle)
      this.once('close', settle)
    })
  }

  /** Resolves when all of it has been taken, or it is over. */
  gone(): Promise<void> {
    return new Promise((resolve) => {
      this.once('finish', resolve)
      this.once('close', resolve)
    })
  }

  /** Resolves when its client has closed it, too. */
  async over(): Promise<void> {
    if (!this.destroyed) await new Promise((resolve) => this.once('close', resolve))
  }

  /** A line beside the output: for people, where `ssh`, `scp` or `sftp` show it. Left out where the client takes nothing just now. */
  note(text: string): void {
    const bytes = this.#translated(Buffer.from(`${text}\n`))
    const { outgoing } = this.#channel as unknown as { readonly outgoing: { readonly window: number } }
    // The library confuses what waits for a window here with what waits there.
    if (this.destroyed || outgoing.window < bytes.length || this.writableLength > 0) return
    this.#channel.stderr.write(bytes)
  }

  noteWhole({ name, sha256 }: WholeFile): void {
    this.note(`${forTerminal(name)} is in the room, sha256 ${sha256}`)
  }

  /** Writes bytes that may change later: resolves when they are taken, or the channel is over. */
  taken(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (!this.writable) {
        resolve()
        return
      }
      this.once('close', resolve)
      this.write(bytes, () => {
        this.off('close', resolve)
        resolve()
      })
    })
  }

  /** Nothing more is to be written. */
  get isOver(): boolean {
    return this.writableEnded || this.destroyed
  }

  /** Ends the channel, behind what was written, with the exit status of a command. The first call counts. */
  exit(status: number): void {
    if (this.isOver) return
    this.#exitStatus = status
    this.end()
  }

  override _read(): void {
    this.#channel.resume()
  }

  override _write(written: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeSteps(stepsOf([written]), done)
  }

  /** Lines that wait for each other go in one packet: each has a price of its own. */
  override _writev(written: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#writeSteps(stepsOf(written.map(({ chunk }) => chunk)), done)
  }

  #writeSteps(steps: readonly Buffer[], done: () => void): void {
    const step = (index: number): void =>
      this.#link.whenReady(() => {
        if (this.destroyed) return
        const bytes = steps[index]
        if (bytes === undefined) return done()
        this.#channel.write(this.#translated(bytes), () => {
          this.#steps++
          if (index + 1 < steps.length) setImmediate(() => step(index + 1))
          else step(index + 1)
        })
      })
    step(0)
  }

  /** What the system does at its own terminals (ONLCR). */
  #translated(bytes: Buffer): Buffer {
    if (!this.isTTY || !bytes.includes('\n')) return bytes
    return Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#link.whenReady(() => {
      if (this.#exitStatus !== undefined) this.#channel.exit(this.#exitStatus)
      this.#channel.end()
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.close()
    // Nobody reads on.
    this.#channel.resume()
    done(error)
  }
}

/** The same bytes in pieces of one step at most: small ones joined, and large ones cut. */
function stepsOf(chunks: readonly Buffer[]): readonly Buffer[] {
  const steps: Buffer[] = []
  let small: Buffer[] = []
  let bytes = 0
  const join = () => {
    if (small.length > 0) steps.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small))
    small = []
    bytes = 0
  }
  for (const chunk of chunks) {
    if (bytes + chunk.length > STEP_BYTES) join()
    for (let at = 0; at + STEP_BYTES < chunk.length; at += STEP_BYTES) steps.push(chunk.subarray(at, at + STEP_BYTES))
    const rest = chunk.subarray(Math.floor(Math.max(0, chunk.length - 1) / STEP_BYTES) * STEP_BYTES)
    small.push(rest)
    bytes += rest.length
  }
  join()
  return steps
}
