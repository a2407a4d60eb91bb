import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { Refused } from '../../../../domain/session.ts'
import { refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { send } from './sending.ts'

/** The files that are being sent. Each costs an open file and a piece or two in memory, so there are only so many at once (C116). */
export class Downloads {
  readonly #parts: HttpParts
  #open = 0

  constructor(parts: HttpParts) {
    this.#parts = parts
  }

  /** Runs `answer`, which sends one file, or refuses where there are too many already. */
  async count(reply: FastifyReply, answer: () => Promise<FastifyReply>): Promise<FastifyReply> {
    const { settings, metrics } = this.#parts
    if (this.#open >= settings.downloads) return refuse(reply, tooMany)
    metrics.gauge('downloads', ++this.#open)
    try {
      return await answer()
    } finally {
      metrics.gauge('downloads', --this.#open)
    }
  }

  /** Sends exactly `count` bytes under the status and headers of `reply`, or breaks the connection off. */
  async send(reply: FastifyReply, pieces: AsyncIterable<Uint8Array>, count: number): Promise<FastifyReply> {
    const { raw } = reply.hijack()
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
    raw.flushHeaders()
    try {
      const sent = await send(pieces[Symbol.asyncIterator](), raw, count)
      // Ending before the promised length would make the next answer look like the rest of this one.
      if (sent === count || count === Number.POSITIVE_INFINITY) raw.end()
      else raw.destroy()
    } catch (error) {
      // The head is out: only a connection that breaks off tells that this is not all.
      raw.destroy()
      if (!(error instanceof Refused)) this.#parts.log.error('a download broke off', { error: String(error) })
    }
    return reply
  }

  /** The same of a file that is still arriving, whose length may not be known. The host's end is its end too. */
  async follow(
    reply: FastifyReply,
    pieces: AsyncIterable<Uint8Array>,
    count: number | undefined,
  ): Promise<FastifyReply> {
    const { closing } = this.#parts
    const { raw } = reply
    const { socket } = raw.req
    const cut = () => raw.destroy()
    closing.addEventListener('abort', cut, { once: true })
    // A peer that has left looks like one that only listens, until something is written: and nothing may come for a day.
    socket.once('end', cut)
    try {
      return await this.send(reply, pieces, count ?? Number.POSITIVE_INFINITY)
    } finally {
      closing.removeEventListener('abort', cut)
      socket.off('end', cut)
    }
  }
}

const tooMany = {
  code: 'BUSY',
  message: 'as many files are being sent as this host sends at once; try again soon',
} as const
