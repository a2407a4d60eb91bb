import { COSTS, priceOf, priceOfItems } from '#server/connection/costs.ts'
import { asGuest, pay, shownBy } from '../auth.ts'
import { answerListing, rowsOf } from '../pages.ts'
import type { Routes } from '../parts.ts'

export const roomRoutes: Routes = (app, parts) => {
  app.get('/rooms', async (request, reply) => {
    await pay(parts, request, priceOf(COSTS.rooms))
    const rooms = await parts.engine.rooms()
    await pay(parts, request, priceOfItems(COSTS.rooms, rooms.length))
    const names = rooms.map(({ name }) => name)
    const seen = await parts.accessControl.visible(shownBy(parts, request), names)
    const rows = rowsOf(
      parts,
      rooms.filter(({ name }) => seen.has(name)),
      (room) => room,
    )
    return await answerListing(parts, request, reply, { list: 'rooms', rows })
  })

  app.get<{ Params: { room: string } }>('/rooms/:room', (request) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { room, topic, last, members, collectingSince } = session
      await pay(parts, request, priceOfItems(COSTS.members, members.length), room)
      return {
        name: room,
        topic,
        last,
        ...(collectingSince === undefined ? {} : { collectingSince }),
        ...(parts.accessControl.hasPassword(room) ? { hasPassword: true } : {}),
        members: members.map(({ name }) => name),
      }
    }),
  )
}
