import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { canBeRead, type HttpParts } from '../parts.ts'

/**
 * How the host is doing, for whoever runs it: only from this machine, whatever is shown. To all others there is nothing here. A proxy
 * on this machine must keep these addresses to itself, as all that it passes on comes from here.
 */
export function statusRoutes(
  app: FastifyInstance,
  parts: HttpParts,
  serve: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): void {
  const { engine, clock, metrics } = parts
  const startedAt = clock.elapsed()
  app.get('/status', serve)
  app.get('/status/facts', async () => {
    const rooms = await engine.rooms()
    const transfers = engine.transfers.map(({ id, room, by, file, status, durable }) => ({
      id,
      room,
      by: by.name,
      name: file.name,
      status,
      offset: durable,
      ...(file.size === undefined ? {} : { size: file.size }),
    }))
    const values = canBeRead(metrics) ? await metrics.values() : {}
    return {
      upMs: Math.round(clock.elapsed() - startedAt),
      memoryBytes: process.memoryUsage.rss(),
      rooms,
      transfers,
      values,
    }
  })
}
