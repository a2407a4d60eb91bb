import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UploadMeta } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import { promisedSize, type TusChecksum, tusChecksum, tusMetadata, UPLOAD_TYPE } from '#protocol/tus.ts'
import { asGuest } from '../auth.ts'
import { type Refusal, refuse } from '../errors.ts'
import { noForm } from '../near-misses.ts'
import type { HttpParts } from '../parts.ts'
import { addressed } from './addressed.ts'
import type { FileAddress } from './file-json.ts'
import { ownerWord, ownTicket } from './private-link.ts'
import { goOn } from './resume.ts'
import { describeUpload } from './upload-answer.ts'

/** Begins a resumable upload (tus: creation), with its first bytes if they come along (creation-with-upload). */
export async function create(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { room = '' } = request.params as FileAddress
  if (!speaksTus(request.headers)) return refuse(reply, noForm(request, room))
  const told = toldOf(request.headers)
  if ('code' in told) return refuse(reply, told)
  const { checksum } = told
  const meta = { ...told.meta, ...addressed(request) }
  const begun = await asGuest(parts, request, room, async (session) => {
    const transfer = await parts.engine.createTransfer(session, meta, ownerWord(parts, request))
    if ('type' in transfer) return transfer
    const file = transfer instanceof TransferActor ? transfer.file : transfer
    return { transfer, url: `/files/${file.id}${ownTicket(parts, request, session, file)}` }
  })
  if ('type' in begun) return refuse(reply, begun)
  const { transfer, url } = begun
  reply.header('Location', url)
  if (!(transfer instanceof TransferActor))
    return reply.code(201).headers({ 'Upload-Offset': transfer.size, 'Upload-Length': transfer.size }).send()
  if (hasBody(request.headers) || meta.size === 0)
    return goOn(parts, request, reply, transfer, { offset: 0, checksum, success: 201 })
  return describeUpload(reply, transfer, 0).code(201).send()
}

/** Whoever posts something else here has not heard of tus. */
const speaksTus = (headers: IncomingHttpHeaders): boolean =>
  ['tus-resumable', 'upload-length', 'upload-defer-length', 'upload-metadata', 'upload-concat'].some(
    (name) => headers[name] !== undefined,
  )

interface Told {
  readonly meta: UploadMeta
  readonly checksum: TusChecksum | undefined
}

function toldOf(headers: IncomingHttpHeaders): Told | Refusal {
  if (headers['upload-concat'] !== undefined) return concatenation
  const size = promisedSize(headers['upload-length'], headers['upload-defer-length'])
  if (typeof size === 'object') return size
  const metadata = tusMetadata(headers['upload-metadata'])
  if ('code' in metadata) return metadata
  const checksum = tusChecksum(headers['upload-checksum'])
  if (checksum !== undefined && 'code' in checksum) return checksum
  if (hasBody(headers) && headers['content-type'] !== UPLOAD_TYPE) return otherType
  return { meta: { ...metadata, ...(size === undefined ? {} : { size }) }, checksum }
}

const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

const concatenation: Refusal = {
  code: 'BAD_REQUEST',
  message: 'uploads are not put together of several here; send one',
}
const otherType: Refusal = {
  code: 'UNSUPPORTED_TYPE',
  message: `bytes that come along have the type ${UPLOAD_TYPE}`,
}
