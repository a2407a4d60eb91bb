import type { FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { checked, limitOf, wholeNumber } from '../checked.ts'
import { eventJson } from '../event-json.ts'
import { formatFor } from '../formats.ts'
import { asGuest } from '../guests.ts'
import { pageAfter, pageBefore } from '../pages.ts'
import type { Routes } from '../parts.ts'
import { streamEvents } from '../stream.ts'

export const eventRoutes: Routes = (app, parts) => {
  const { pageEntries, maxPageEntries } = parts.settings
  const addressOf = ({ raw }: FastifyRequest) => parts.visitorOf(raw).address
  const limit = limitOf(pageEntries, maxPageEntries)
  const pageQuery = v.object({ after: v.optional(wholeNumber), before: v.optional(wholeNumber), limit })
  const searchQuery = v.object({ q: v.pipe(v.string('must be given once'), v.nonEmpty('must not be empty')), limit })

  app.get<{ Params: { room: string } }>('/rooms/:room/events', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { after, before, limit } = checked(pageQuery, request.query)
      const format = formatFor(request.headers.accept)
      if (format === undefined) {
        const entries = await parts.pages.read(addressOf(request), reply.raw, () =>
          after === undefined
            ? pageBefore(session, Math.min(before ?? session.last + 1, session.last + 1), limit)
            : pageAfter(session, after, before, limit),
        )
        return { room: session.room, events: entries.map(eventJson), last: session.last }
      }
      reply.type(format.contentType)
      const { 'last-event-id': seen } = request.headers
      const from = seen === undefined ? after : checked(wholeNumber, seen)
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value)
      reply.hijack()
      if (request.method === 'HEAD') reply.raw.end()
      else await streamEvents(parts, reply.raw, session, from ?? session.after, format)
      return reply
    }),
  )

  app.get<{ Params: { room: string } }>('/rooms/:room/search', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { q, limit } = checked(searchQuery, request.query)
      const found = await parts.pages.read(addressOf(request), reply.raw, () => session.search(q, limit))
      return { events: found.map(eventJson) }
    }),
  )
}
