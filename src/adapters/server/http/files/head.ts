import type { FastifyReply, FastifyRequest } from 'fastify'
import { digestField, metadataField } from '#protocol/tus.ts'
import { asGuest } from '../auth.ts'
import { notFound, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { isKnown } from './conditional.ts'
import { validatorsOf, wholeHeaders } from './file-headers.ts'
import { findFile } from './find-file.ts'
import { mediaOf } from './media-of.ts'
import { isOwner } from './private-link.ts'
import { describeUpload } from './upload-answer.ts'

/** What a file is, or how far its upload has got. */
export async function head(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = await findFile(parts, request)
  const transfer = await parts.engine.transfer(id)
  if (transfer !== undefined) {
    const isOwners = isOwner(parts, request, transfer)
    const prefix = isOwners ? await transfer.prefix() : { size: await transfer.offset(), sha256: undefined }
    if (transfer.status !== 'whole') {
      if ('type' in prefix) return refuse(reply, prefix)
      const { size, sha256 } = prefix
      reply.header('Upload-Metadata', metadataField(transfer.file))
      if (sha256 !== undefined) reply.header('Upload-Prefix-Digest', digestField(sha256))
      return describeUpload(reply, transfer, size).send()
    }
  }
  // Looked at again: whoever follows a file to its end asks just then, and a transfer that ends makes them wait until it has.
  const { room, file } = await findFile(parts, request)
  // It was withdrawn while we looked.
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { size } = file.file
  reply.headers(wholeHeaders(file, await asGuest(parts, request, room, (session) => mediaOf(session, id))))
  if (request.headers['tus-resumable'] !== undefined)
    reply.headers({ 'Upload-Offset': size, 'Upload-Length': size, 'Cache-Control': 'no-store' })
  if (isKnown(request.headers['if-none-match'], validatorsOf(file))) return reply.code(304).send()
  return reply.header('Content-Length', size).send()
}
