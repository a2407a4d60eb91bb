import type { FastifyReply, FastifyRequest } from 'fastify'
import { notOwner } from '#domain/transfer/actor.ts'
import { requesterOf, underWay } from '../auth.ts'
import { notFound, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { findFile } from './find-file.ts'
import { isOwner } from './private-link.ts'

/** Withdraws an upload that is not whole yet (tus: termination): its owner's word, or an operator's. */
export async function remove(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id, room, file } = await findFile(parts, request)
  const transfer = await parts.engine.transfer(id)
  if (transfer === undefined && file.status !== 'whole') return refuse(reply, notFound)
  if (transfer === undefined) {
    reply.header('Allow', 'GET, HEAD')
    return refuse(reply, { code: 'METHOD_NOT_ALLOWED', message: 'this file is whole, and stays in its room' })
  }
  if (!isOwner(parts, request, transfer) && !looksAfter(parts, request, room)) return refuse(reply, notOwner)
  await underWay(parts, request, room, () => transfer.withdraw('its sender has withdrawn it'))
  return reply.code(204).send()
}

function looksAfter(parts: HttpParts, request: FastifyRequest, room: string): boolean {
  const { member } = requesterOf(parts, request)
  const place = member === undefined ? undefined : parts.people.placeOf(member, room)
  return place !== undefined && place.refusalTo('withdrawUpload') === undefined
}
