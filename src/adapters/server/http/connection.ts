import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Waiters } from '#domain/async/waiters.ts'
import type { Clock } from '#domain/ports/system.ts'
import { drain, hangUp, Progress } from '../connection/idle.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { type Refusal, rawRefusal } from './errors.ts'
import type { HttpSettings } from './settings.ts'

const PROBES = 2

/** The request that is being answered. */
interface Answering {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly progress: Progress
}

/** One HTTP connection: its requests are answered one after the other, however many come at once. */
export class HttpConnection {
  readonly incoming: IncomingConnection
  readonly #clock: Clock
  readonly #settings: HttpSettings
  readonly #waiting: (() => void)[] = []
  /** The last that came, answered or not. */
  #newest: IncomingMessage | undefined
  /** Nothing that still comes is a request. */
  #failed = false
  #current: Answering | undefined
  /** How often a client that has ended its side was asked whether it is there. */
  #probes = 0
  readonly #idle = new Waiters()
  #taken = 0
  #takenAt: number

  constructor(incoming: IncomingConnection, clock: Clock, settings: HttpSettings) {
    this.incoming = incoming
    this.#clock = clock
    this.#settings = settings
    this.#takenAt = clock.elapsed()
  }

  get busy(): boolean {
    return this.#current !== undefined
  }

  /** Runs `handle` when the answers to earlier requests are through. */
  serve(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    if (this.#failed) return
    const run = () => {
      if (this.#failed && this.#waiting.length === 0) response.shouldKeepAlive = false
      const { bodyStallMs: stallMs, bodyWindowMs: windowMs, bodyLeastBytes: leastBytes } = this.#settings
      const progress = new Progress({ stallMs, windowMs, leastBytes }, this.#clock.elapsed(), this.#bytesRead)
      this.#current = { request, response, progress }
      response.once('close', () => this.#answered(request))
      handle()
    }
    if (this.busy && this.#waiting.length >= this.#settings.pipelined) {
      this.fail(tooMany)
      return
    }
    this.#newest = request
    if (this.busy) this.#waiting.push(run)
    else run()
  }

  /**
   * Reads nothing more: the last bytes are no request, or none for this host. Earlier requests have their own answers, which an error
   * behind them never replaces (`curl -T` of a log that grows); so `why` is told only where nothing else is.
   */
  fail(why: Refusal): void {
    if (this.#failed) return
    this.#failed = true
    // The request itself broke off within its body, rather than the one behind it.
    const isBroken = this.#newest?.complete === false
    if (this.#waiting.length > 0) {
      if (isBroken) this.#waiting.splice(-1, 1, () => this.#refuse(why))
    } else if (this.#current === undefined) {
      if (isBroken) this.end()
      else this.#refuse(why)
    } else if (!this.#current.response.headersSent) {
      if (isBroken) this.#refuse(why)
      else this.#current.response.shouldKeepAlive = false
    }
    // Later: Node's parser may be the caller.
    setImmediate(() => drain(this.incoming.connection))
  }

  /** Resolves when no request is being answered. */
  settled(): Promise<void> {
    return this.busy ? this.#idle.wait() : Promise.resolve()
  }

  /** Ends the connection once its written bytes are sent. */
  end(): void {
    hangUp(this.incoming.connection, this.#clock)
  }

  /** Ends a connection whose request has a body that does not grow any more, or by too little. */
  watch(now: number): void {
    if (this.#current === undefined) return
    const { request, progress } = this.#current
    progress.reached(this.#bytesRead, now)
    if (request.complete) this.#probe(this.#current)
    // Bytes that have come and were not taken yet wait for us, not for the client.
    if (request.complete || request.readableLength > 0) progress.waited(now)
    else if (progress.leftMs(now) < 0) this.incoming.connection.destroy()
  }

  get #bytesRead(): number {
    const { connection } = this.incoming
    return connection instanceof Socket ? connection.bytesRead : 0
  }

  /**
   * A client that has ended its side may still want the answer, or be gone. Where its program has closed the connection, its system
   * refuses further bytes, which the next write meets: then nothing is kept for it that others wait for.
   */
  #probe({ request, response }: Answering): void {
    if (!this.incoming.connection.readableEnded || response.headersSent || this.#probes >= PROBES) return
    this.#probes++
    if (request.httpVersion === '1.1') response.writeProcessing()
  }

  /** Closes the connection of a client that has taken nothing for `ms` with data waiting: half open, or hostile. */
  sweep(now: number, ms: number): void {
    const { connection } = this.incoming
    const waiting = connection.writableLength
    const taken = (connection instanceof Socket ? connection.bytesWritten : 0) - waiting
    if (taken !== this.#taken || waiting === 0) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > ms) connection.destroy()
  }

  #answered(request: IncomingMessage): void {
    this.#current = undefined
    const { connection } = this.incoming
    // Answered before its body was through: the rest is read over for a while, for the client to see the answer.
    if (!request.complete && !connection.destroyed) {
      const cancel = this.#clock.after(this.#settings.lingerMs, () => {
        if (!request.complete) connection.destroy()
      })
      connection.once('close', cancel)
      request.once('end', cancel)
    }
    const next = connection.destroyed ? undefined : this.#waiting.shift()
    if (next !== undefined) next()
    else {
      if (this.#failed) this.end()
      this.#idle.release()
    }
  }

  #refuse(why: Refusal): void {
    this.incoming.connection.write(rawRefusal(why))
    this.end()
  }
}

const tooMany: Refusal = {
  code: 'BUSY',
  message: 'too many requests wait on this connection; read their answers first',
}
