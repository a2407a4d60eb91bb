import type { Duplex } from 'node:stream'
import type { Clock } from '#domain/ports/system.ts'

interface ProgressLimits {
  /** The longest time without a byte. */
  readonly stallMs: number
  /** The time for `leastBytes`: a byte now and then takes a place, and uses it for nothing (C34). */
  readonly windowMs: number
  readonly leastBytes: number
}

/** The progress of a client's input. Times are the clock's `elapsed`, bytes are counted from the beginning. */
export class Progress {
  readonly #limits: ProgressLimits
  #bytes: number
  #movedAt: number
  #windowBytes: number
  #windowAt: number

  constructor(limits: ProgressLimits, now: number, bytes = 0) {
    this.#limits = limits
    this.#bytes = this.#windowBytes = bytes
    this.#movedAt = this.#windowAt = now
  }

  /** So many bytes have come by now. */
  reached(bytes: number, now: number): void {
    if (bytes === this.#bytes) return
    this.#bytes = bytes
    this.#movedAt = now
    if (bytes - this.#windowBytes >= this.#limits.leastBytes) this.waited(now)
  }

  /** It was not the client that was waited for. */
  waited(now: number): void {
    this.#movedAt = this.#windowAt = now
    this.#windowBytes = this.#bytes
  }

  /** Milliseconds until it has failed. */
  leftMs(now: number): number {
    const { stallMs, windowMs } = this.#limits
    return Math.min(this.#movedAt + stallMs, this.#windowAt + windowMs) - now
  }

  /** Bytes came, though too few. */
  isTrickle(now: number): boolean {
    return this.#movedAt + this.#limits.stallMs > now
  }
}

const GRACE_MS = 2000

/**
 * Ends a connection behind the bytes that were written to it. Further input is read and dropped until the client ends too, or for
 * `graceMs`: closing on unread bytes would reset the connection, and the client might lose the last answer.
 */
export function hangUp(connection: Duplex, clock: Clock, graceMs = GRACE_MS): void {
  if (connection.destroyed) return
  drain(connection)
  const cancel = clock.after(graceMs, () => connection.destroy())
  connection.once('close', cancel)
  connection.once('end', () => {
    if (connection.writableFinished) connection.destroy()
    else connection.once('finish', () => connection.destroy())
  })
  connection.end()
}

/** Reads and drops all further input. */
export function drain(connection: Duplex): void {
  connection.removeAllListeners('data')
  connection.on('data', () => {})
  connection.resume()
}

declare module 'node:stream' {
  interface Duplex {
    /** Of sockets: Node calls it behind its last write. */
    destroySoon?(): void
  }
}
