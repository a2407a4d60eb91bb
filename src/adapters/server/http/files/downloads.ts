import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { places, type UploadHolder, yielding } from '#domain/engine/upload-places.ts'
import { Refused } from '#domain/session.ts'
import { subnetOf } from '#server/connection/address.ts'
import { requesterOf } from '../auth.ts'
import { refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { send } from './sending.ts'

/** A download on which nothing has moved for so long makes way for another. */
const STILL_MS = 5000
/** One of somebody who has so many more than the asker makes way, however it moves. */
const MORE = 2

interface Open extends UploadHolder {
  readonly raw: ServerResponse
  /** When a piece of it was taken last. */
  movedAt: number
}

/**
 * The files that are being sent. Each costs an open file and a piece or two in memory, so there are only so many at once (C116): beyond
 * them the one on which nothing has moved for longest makes place for the next, or one of whoever has far more of them than the one who
 * asks. It can be continued.
 */
export class Downloads {
  readonly #parts: HttpParts
  readonly #open = new Set<Open>()

  constructor(parts: HttpParts) {
    this.#parts = parts
  }

  /** Runs `answer`, which sends one file, or refuses where there are too many already. */
  async count(reply: FastifyReply, answer: () => Promise<FastifyReply>): Promise<FastifyReply> {
    const { clock, settings, metrics } = this.#parts
    const { address, member, name = '' } = requesterOf(this.#parts, reply.request)
    const household = subnetOf(address)
    const asker: UploadHolder = { address: household, person: member ?? `${household} ${name}` }
    if (this.#open.size >= settings.downloads && !this.#makePlace(asker)) return refuse(reply, tooMany)
    const open: Open = { ...asker, raw: reply.raw, movedAt: clock.elapsed() }
    this.#open.add(open)
    metrics.gauge('downloads', this.#open.size)
    try {
      return await answer()
    } finally {
      this.#open.delete(open)
      metrics.gauge('downloads', this.#open.size)
    }
  }

  /** Breaks off one that makes way; false where none does. */
  #makePlace(asker: UploadHolder): boolean {
    const { clock, metrics } = this.#parts
    const open = [...this.#open].sort((one, other) => one.movedAt - other.movedAt)
    const views = open.map(({ address, person, movedAt }, index) => ({
      ...{ id: String(index), address, person },
      ...{ bytes: 0, at: movedAt, mayYield: true },
    }))
    const [longest] = open
    const isStill = longest !== undefined && clock.elapsed() - longest.movedAt >= STILL_MS
    const gives = isStill ? longest : open[Number(yielding(views, asker, places, MORE)?.id)]
    if (gives === undefined) return false
    metrics.count('downloads_shed')
    this.#open.delete(gives)
    gives.raw.destroy()
    return true
  }

  /** The same pieces, with a note of when they moved. */
  #watched(pieces: AsyncIterator<Uint8Array>, raw: ServerResponse): AsyncIterator<Uint8Array> {
    const open = [...this.#open].find((each) => each.raw === raw)
    return {
      next: async () => {
        if (open !== undefined) open.movedAt = this.#parts.clock.elapsed()
        return await pieces.next()
      },
      return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
    }
  }

  /** Sends exactly `count` bytes under the status and headers of `reply`, or breaks the connection off. */
  async send(reply: FastifyReply, pieces: AsyncIterable<Uint8Array>, count: number): Promise<FastifyReply> {
    const { raw } = reply.hijack()
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
    raw.flushHeaders()
    try {
      const sent = await send(this.#watched(pieces[Symbol.asyncIterator](), raw), raw, count)
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
