import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Clock } from '../../../domain/ports/clock.ts'
import type { Visitor } from '../shared/visitor.ts'
import type { HttpSettings } from './settings.ts'

const PROBES = 2

/** One HTTP connection: its requests are dealt with one after the other, however many come at once. */
export class HttpConnection {
  readonly visitor: Visitor
  readonly #clock: Clock
  readonly #settings: HttpSettings
  readonly #waiting: (() => void)[] = []
  #request: IncomingMessage | undefined
  #response: ServerResponse | undefined
  /** How often a peer that has ended its side was asked whether it is there. */
  #probes = 0
  #idle: (() => void)[] = []
  #read = 0
  #readAt = 0
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
      this.#readAt = this.#clock.elapsed()
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

  /** Ends a connection whose request has a body that does not grow any more. */
  watch(now: number): void {
    const { connection } = this.visitor
    const request = this.#request
    if (request?.complete) this.#findGone(request)
    const read = connection instanceof Socket ? connection.bytesRead : 0
    // What has come and was not taken yet waits for us, not for the peer.
    if (request === undefined || request.complete || request.readableLength > 0 || read !== this.#read) {
      this.#read = read
      this.#readAt = now
    } else if (now - this.#readAt > this.#settings.bodyStallMs) connection.destroy()
  }

  /**
   * A peer that has ended its side may still want the answer, or be gone. Where its program has closed the connection, its system refuses
   * what is written, which the next write meets: then nothing is kept for it that others wait for.
   */
  #findGone({ httpVersion }: IncomingMessage): void {
    if (!this.visitor.connection.readableEnded || this.answering || this.#probes >= PROBES) return
    this.#probes++
    if (httpVersion === '1.1') this.#response?.writeProcessing()
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
