import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from '../errors.ts'
import { underWay } from '../guests.ts'
import type { HttpParts } from '../parts.ts'
import { findFile } from './find-file.ts'

/** Withdraws an upload that is not whole yet (tus: termination). */
export async function remove(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id, room } = await findFile(parts, request)
  const transfer = await parts.engine.transfer(id)
  if (transfer === undefined) {
    reply.header('Allow', 'GET, HEAD')
    return refuse(reply, { code: 'METHOD_NOT_ALLOWED', message: 'this file is whole, and stays in its room' })
  }
  await underWay(parts, request, room, () => transfer.withdraw('its sender has withdrawn it'))
  return reply.code(204).send()
}
