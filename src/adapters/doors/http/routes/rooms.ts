import { asGuest, shownBy } from '../guests.ts'
import type { Routes } from '../parts.ts'

export const roomRoutes: Routes = (app, parts) => {
  app.get('/rooms', async (request) => {
    const rooms = await parts.engine.rooms()
    const names = rooms.map(({ name }) => name)
    const seen = new Set(await parts.admission.visible(shownBy(parts, request), names))
    return { rooms: rooms.filter(({ name }) => seen.has(name)) }
  })

  app.get<{ Params: { room: string } }>('/rooms/:room', (request) =>
    asGuest(parts, request, request.params.room, async ({ room, topic, last, members, collectingSince }) => ({
      name: room,
      topic,
      last,
      ...(collectingSince === undefined ? {} : { collectingSince }),
      ...(parts.admission.hasPassword(room) ? { hasPassword: true } : {}),
      members: members.map(({ name }) => name),
    })),
  )
}
