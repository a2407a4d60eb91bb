import { Readable } from 'node:stream'
import type { SshChannel } from '../channel.ts'

/** Keys that are given on in one step. */
const STEP_BYTES = 1024

/** The keys of a client as the input of a terminal: no faster than their outcome is taken. */
export class TerminalInput extends Readable {
  readonly isTTY = true
  readonly #channel: SshChannel
  readonly #ready: () => Promise<void>

  /** `ready` resolves when more keys may come. */
  constructor(channel: SshChannel, ready: () => Promise<void>) {
    // What was not asked for stays in the channel, whose window is bounded.
    super({ highWaterMark: 1 })
    this.#channel = channel
    this.#ready = ready
    channel.once('end', () => this.push(null))
    channel.once('close', () => this.destroy())
  }

  // The client's terminal is raw, and nothing here is kept alive by it.

  setRawMode(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    void this.#ready().then(() => this.#step())
  }

  #step(): void {
    const channel = this.#channel
    if (this.destroyed || channel.readableEnded) return
    const bytes: unknown = channel.read(Math.min(channel.readableLength, STEP_BYTES))
    if (bytes instanceof Buffer && bytes.length > 0) this.push(bytes)
    else channel.once('readable', () => this.#step())
  }
}
