import { asGuest, mayEnter } from '../guests.ts'
import type { Routes } from '../parts.ts'

export const roomRoutes: Routes = (app, parts) => {
  app.get('/rooms', async (request) => {
    const rooms = await parts.engine.rooms()
    return { rooms: rooms.filter(({ name }) => mayEnter(parts, request, name)) }
  })

  app.get<{ Params: { room: string } }>('/rooms/:room', (request) =>
    asGuest(parts, request, request.params.room, async ({ room, topic, last, members }) => ({
      name: room,
      topic,
      last,
      members: members.map(({ name }) => name),
    })),
  )
}
