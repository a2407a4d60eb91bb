import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Clock } from '../../../domain/ports/clock.ts'
import { Progress } from '../shared/progress.ts'
import type { Visitor } from '../shared/visitor.ts'
import type { HttpSettings } from './settings.ts'

/** One HTTP connection: its requests are dealt with one after the other, however many come at once. */
export class HttpConnection {
  readonly visitor: Visitor
  readonly #clock: Clock
  readonly #settings: HttpSettings
  readonly #waiting: (() => void)[] = []
  #request: IncomingMessage | undefined
  #response: ServerResponse | undefined
  #idle: (() => void)[] = []
  #progress: Progress | undefined
  #taken = 0
  #takenAt: number

  constructor(visitor: Visitor, clock: Clock, settings: HttpSettings) {
    this.visitor = visitor
    this.#clock = clock
    this.#settings = settings
    this.#takenAt = clock.elapsed()
  }

  get busy(): boolean {
    return this.#response !== undefined
  }

  /** An answer is under way, and nothing else may be written. */
  get answering(): boolean {
    return this.#response?.headersSent === true
  }

  /** Runs `handle` when the answers to what was asked before are through. */
  serve(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const run = () => {
      this.#request = request
      this.#response = response
      const { bodyStallMs: stallMs, bodyWindowMs: windowMs, bodyLeastBytes: leastBytes } = this.#settings
      this.#progress = new Progress({ stallMs, windowMs, leastBytes }, this.#clock.elapsed(), this.#bytesRead)
      response.once('close', () => this.#answered(request))
      handle()
    }
    if (!this.busy) run()
    else if (this.#waiting.length < this.#settings.pipelined) this.#waiting.push(run)
    else this.visitor.connection.destroy()
  }

  /** Resolves when no request is being dealt with. */
  settled(): Promise<void> {
    return this.busy ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve()
  }

  /** Ends the connection once it has what was written to it. */
  end(): void {
    const { connection } = this.visitor
    if (connection instanceof Socket) connection.destroySoon()
    else connection.end()
  }

  /** Ends a connection whose request has a body that does not grow any more, or by too little. */
  watch(now: number): void {
    const { connection } = this.visitor
    const request = this.#request
    if (request === undefined || this.#progress === undefined) return
    this.#progress.reached(this.#bytesRead, now)
    // What has come and was not taken yet waits for us, not for the peer.
    if (request.complete || request.readableLength > 0) this.#progress.waited(now)
    else if (this.#progress.leftMs(now) < 0) connection.destroy()
  }

  get #bytesRead(): number {
    const { connection } = this.visitor
    return connection instanceof Socket ? connection.bytesRead : 0
  }

  /** Closes a peer that has taken nothing for `ms` with data waiting: half open, or hostile. */
  sweep(now: number, ms: number): void {
    const { connection } = this.visitor
    const waiting = connection.writableLength
    const taken = (connection instanceof Socket ? connection.bytesWritten : 0) - waiting
    if (taken !== this.#taken || waiting === 0) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > ms) connection.destroy()
  }

  #answered(request: IncomingMessage): void {
    this.#request = undefined
    this.#response = undefined
    const { connection } = this.visitor
    // Answered before its body was through: the rest is read over for a while, for the peer to see the answer.
    if (!request.complete && !connection.destroyed) {
      const cancel = this.#clock.after(this.#settings.lingerMs, () => {
        if (!request.complete) connection.destroy()
      })
      connection.once('close', cancel)
      request.once('end', cancel)
    }
    const next = connection.destroyed ? undefined : this.#waiting.shift()
    if (next !== undefined) next()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }
}
