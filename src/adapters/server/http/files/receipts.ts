import type { FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { COSTS, priceOfItems } from '#server/connection/costs.ts'
import { asGuest, pay } from '../auth.ts'
import { checked } from '../checked.ts'
import { notFound, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { findFile } from './find-file.ts'

const receipt = v.strictObject({
  sha256: v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')),
})

/** Who has a file whole, and who of those in the room who may see it has not said so. */
export async function listReceipts(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { room, file } = await findFile(parts, request)
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { received, by } = file
  const members = await asGuest(parts, request, room, async (session) => {
    await pay(parts, request, priceOfItems(COSTS.members, session.members.length + received.size), room)
    return session.viewersOf(file)
  })
  const waiting = new Set(members.map(({ name }) => name).filter((name) => name !== by.name && !received.has(name)))
  return reply.send({ verified: Array.from(received, ([name, at]) => ({ name, at })), waiting: [...waiting] })
}

/** Whoever asks has the file whole, and shows it by the digest. */
export async function addReceipt(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { id, room, file } = await findFile(parts, request)
  if (file.status !== 'whole') return refuse(reply, notFound)
  return await asGuest(parts, request, room, async (session) => {
    const { sha256 } = checked(receipt, request.body)
    if (sha256 !== file.file.sha256)
      return refuse(reply, { code: 'HASH_MISMATCH', message: 'these are not the bytes of this file; fetch it again' })
    const ack = await session.send({ type: 'receiveFile', file: id })
    return ack.type === 'rejected' ? refuse(reply, ack) : reply.code(201).send({ sha256 })
  })
}
