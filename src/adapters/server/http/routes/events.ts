import * as v from 'valibot'
import { Refused } from '#domain/session.ts'
import { COSTS, priceOf, priceOfItems, priceOfJoin } from '#server/connection/costs.ts'
import { portionsAfter, portionsBefore, searched, searchFault } from '#server/connection/fair-work.ts'
import { asGuest, pay } from '../auth.ts'
import { checked, limitOf, wholeNumber } from '../checked.ts'
import { formatFor } from '../formats.ts'
import { answerListing, paidEvents } from '../pages.ts'
import type { Routes } from '../parts.ts'
import { streamEvents } from '../stream.ts'

export const eventRoutes: Routes = (app, parts) => {
  const { pageEntries, maxPageEntries } = parts.settings
  const limit = limitOf(pageEntries, maxPageEntries)
  const pageQuery = v.object({ after: v.optional(wholeNumber), before: v.optional(wholeNumber), limit })
  const searchQuery = v.object({ q: v.pipe(v.string('must be given once'), v.nonEmpty('must not be empty')), limit })

  app.get<{ Params: { room: string } }>('/rooms/:room/events', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { after, before, limit } = checked(pageQuery, request.query)
      const format = formatFor(request.headers.accept)
      const { room, last } = session
      if (format === undefined) {
        await pay(parts, request, priceOf(COSTS.history), room)
        const portions =
          after === undefined
            ? portionsBefore(session, Math.min(before ?? last + 1, last + 1), limit)
            : portionsAfter(session, after, before ?? Number.POSITIVE_INFINITY, limit)
        return await answerListing(parts, request, reply, {
          head: { room },
          list: 'events',
          rows: paidEvents(parts, request, room, portions),
          tail: () => ({ last: session.last }),
        })
      }
      reply.type(format.contentType)
      const { 'last-event-id': seen } = request.headers
      const from = (seen === undefined ? after : checked(wholeNumber, seen)) ?? session.after
      await pay(parts, request, priceOfJoin(last - from), room)
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value)
      reply.hijack()
      if (request.method === 'HEAD') reply.raw.end()
      else await streamEvents(parts, reply.raw, session, from, format)
      return reply
    }),
  )

  app.get<{ Params: { room: string } }>('/rooms/:room/search', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { q, limit } = checked(searchQuery, request.query)
      const fault = searchFault(q)
      if (fault !== undefined) throw new Refused(fault)
      await pay(parts, request, priceOf(COSTS.search), session.room)
      const { count, portions } = await searched(session, q, limit)
      await pay(parts, request, priceOfItems(COSTS.search, count), session.room)
      const rows = paidEvents(parts, request, session.room, portions)
      return await answerListing(parts, request, reply, { list: 'events', rows })
    }),
  )
}
