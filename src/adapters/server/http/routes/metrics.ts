import { notFound, refuse } from '../errors.ts'
import { canBeRead, type Routes } from '../parts.ts'

/** What is measured as it happens, and how things stand just now. */
export const metricsRoute: Routes = (app, { engine, metrics }) => {
  app.get('/metrics', async (_request, reply) => {
    if (!canBeRead(metrics)) return refuse(reply, notFound)
    const rooms = await engine.rooms()
    metrics.gauge('rooms', rooms.length)
    metrics.gauge(
      'members',
      rooms.reduce((sum, { members }) => sum + members, 0),
    )
    metrics.gauge(
      'entries',
      rooms.reduce((sum, { last }) => sum + last, 0),
    )
    metrics.gauge('transfers', engine.uploads)
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}
