import type { FastifyReply, FastifyRequest } from 'fastify'
import { notOwner } from '#domain/transfer/actor.ts'
import { byteCount, digestIn, tusChecksum, UPLOAD_TYPE } from '#protocol/tus.ts'
import { notFound, type Refusal, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { findFile } from './find-file.ts'
import { isOwner } from './private-link.ts'
import { goOn } from './resume.ts'

/** Goes on with an upload (tus). */
export async function patch(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { headers } = request
  if (headers['content-type'] !== UPLOAD_TYPE) return refuse(reply, otherType)
  const offset = byteCount('Upload-Offset', headers['upload-offset'])
  if (typeof offset === 'object') return refuse(reply, offset)
  const length = headers['upload-length']
  const size = length === undefined ? undefined : byteCount('Upload-Length', length)
  if (typeof size === 'object') return refuse(reply, size)
  const checksum = tusChecksum(headers['upload-checksum'])
  if (checksum !== undefined && 'code' in checksum) return refuse(reply, checksum)
  const sha256 = digestIn(headers['repr-digest'])
  if (typeof sha256 === 'object') return refuse(reply, sha256)

  const shown = digestIn(headers['upload-prefix-digest'])
  if (typeof shown === 'object') return refuse(reply, shown)

  const { id, file } = await findFile(parts, request)
  const transfer = await parts.engine.transfer(id)
  if (transfer !== undefined) {
    const isOwners = isOwner(parts, request, transfer)
    // Nor does anybody else say how large it is.
    const saysMore = size !== undefined && size !== transfer.file.size
    if (!isOwners && (shown === undefined || saysMore)) return refuse(reply, notOwner)
    const prefix = isOwners ? undefined : shown
    return goOn(parts, request, reply, transfer, { offset, size, sha256, checksum, prefix, success: 204 })
  }
  // What was on its way is gone, and its room is about to hear of it.
  if (file.status !== 'whole') return refuse(reply, notFound)
  const end = file.file.size ?? 0
  reply.header('Upload-Offset', end)
  // It became whole, but the answer was lost.
  if (offset === end && headers['content-length'] === '0') return reply.code(204).send()
  return refuse(reply, { code: 'BAD_OFFSET', message: `this file is whole; it ends at byte ${end}` })
}

const otherType: Refusal = { code: 'UNSUPPORTED_TYPE', message: `the bytes of an upload have the type ${UPLOAD_TYPE}` }
