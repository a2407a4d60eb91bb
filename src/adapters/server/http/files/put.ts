import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UploadMeta } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import { byteCount, promisedDigest } from '#protocol/tus.ts'
import { fileUrl } from '#server/connection/file-url.ts'
import { asGuest, underWay } from '../auth.ts'
import { type Refusal, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { addressed } from './addressed.ts'
import { type FileAddress, wholeJson } from './file-json.ts'
import { ownerWord, ownTicket } from './private-link.ts'
import { receive } from './receive.ts'

/** `PUT` of a whole file into a room: it is there once the answer is 201, or 200 where the room had these bytes already. */
export async function put(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { room = '', name = '' } = request.params as FileAddress
  const told = toldOf(request.headers)
  if ('code' in told) return refuse(reply, told)
  const { engine } = parts
  const meta = { name, ...told, ...addressed(request) }
  const begun = await asGuest(parts, request, room, async (session) => {
    const transfer = await engine.createTransfer(session, meta, ownerWord(parts, request))
    if ('type' in transfer) return transfer
    const file = transfer instanceof TransferActor ? transfer.file : transfer
    return { transfer, url: `${fileUrl(file)}${ownTicket(parts, request, session, file)}` }
  })
  if ('type' in begun) return refuse(reply, begun)
  const { transfer, url } = begun
  reply.header('location', url)
  if (!(transfer instanceof TransferActor)) return reply.send(wholeJson(transfer, url))
  return await underWay(parts, request, transfer.room, () => take(request, reply, transfer, url))
}

async function take(
  request: FastifyRequest,
  reply: FastifyReply,
  transfer: TransferActor,
  url: string,
): Promise<FastifyReply> {
  const writing = await transfer.write(0)
  if ('type' in writing) {
    await transfer.withdraw(writing.message)
    return refuse(reply, writing)
  }
  const end = await receive(request, reply, writing)
  if (end === 'whole') {
    const file = await writing.finish()
    if (!('type' in file)) return reply.code(201).send(wholeJson(file, url))
    // Whoever sends it again does so from the start, under a new id.
    if (file.code === 'HASH_MISMATCH') await transfer.withdraw(file.message)
    return refuse(reply, file)
  }
  await writing.pause()
  if (end === 'cut') return reply.hijack()
  return refuse(reply, end)
}

/** What the head of a request says of the file in its body. */
export function toldOf(headers: IncomingHttpHeaders): Omit<UploadMeta, 'name'> | Refusal {
  // RFC 9110 section 14.5: a part must not be taken for the whole. `curl -C -` would send one.
  if (headers['content-range'] !== undefined) return partial
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return encoded
  const sha256 = promisedDigest(headers)
  if (typeof sha256 === 'object') return sha256
  const size =
    headers['transfer-encoding'] === undefined
      ? byteCount('Content-Length', headers['content-length'] ?? '0')
      : undefined
  if (typeof size === 'object') return size
  return { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) }
}

const partial: Refusal = {
  code: 'BAD_REQUEST',
  message: 'PUT takes whole files; go on with an upload by PATCH to its address',
}
const encoded: Refusal = { code: 'UNSUPPORTED_TYPE', message: 'send the bytes as they are, without Content-Encoding' }
