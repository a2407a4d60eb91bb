import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** The end of a body: it came in full, or its connection broke. */
export type BodyEnd = 'whole' | 'cut'

/** So much may wait to be taken; one piece is at most this and one read more. */
const PAUSE_BYTES = 512 * 1024

/**
 * The bytes of a request, in pieces as large as the bytes that arrive during the write before: small appends cost half the
 * throughput, and waiting for large ones would keep the followers of the file waiting too.
 */
export class RequestBody {
  readonly #request: IncomingMessage
  #chunks: Buffer[] = []
  #waiting = 0
  #end: BodyEnd | undefined
  #buffer: Buffer | undefined
  #wake: () => void = () => {}

  constructor(request: IncomingMessage) {
    this.#request = request
    request.on('data', this.#take)
    request.once('end', () => this.#over('whole'))
    request.once('error', () => this.#over('cut'))
    request.once('close', () => this.#over('cut'))
    // The connection may have broken before we looked.
    if (request.destroyed) this.#over(request.readableEnded ? 'whole' : 'cut')
  }

  /** The next bytes, which are good until the next are asked for, or how it ended. */
  async next(): Promise<Uint8Array | BodyEnd> {
    while (this.#waiting === 0) {
      if (this.#end !== undefined) return this.#end
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const piece = this.#gathered()
    this.#request.resume()
    return piece
  }

  /** Reads the rest and drops it, so that the sender gets to see the answer. */
  drain(): void {
    this.#request.off('data', this.#take)
    this.#request.resume()
  }

  readonly #take = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting >= PAUSE_BYTES) this.#request.pause()
    this.#wake()
  }

  #over(end: BodyEnd): void {
    this.#end ??= end
    this.#wake()
  }

  #gathered(): Uint8Array {
    const chunks = this.#chunks
    const length = this.#waiting
    this.#chunks = []
    this.#waiting = 0
    const [only] = chunks
    if (only?.length === length) return only
    if (this.#buffer === undefined || this.#buffer.length < length)
      this.#buffer = Buffer.allocUnsafeSlow(length + PAUSE_BYTES)
    let at = 0
    for (const chunk of chunks) at += chunk.copy(this.#buffer, at)
    return this.#buffer.subarray(0, length)
  }
}

/** Gives `take` the body, and drops the rest. Only now a client that asked is told to send it. */
export async function withBody<T>(
  { raw, headers }: FastifyRequest,
  reply: FastifyReply,
  take: (body: RequestBody) => Promise<T>,
): Promise<T> {
  if (headers.expect !== undefined && !raw.complete) reply.raw.writeContinue()
  const body = new RequestBody(raw)
  try {
    return await take(body)
  } finally {
    body.drain()
  }
}
