import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { byteCount, type TusChecksum } from '#protocol/tus.ts'
import { underWay } from '../auth.ts'
import type { Refusal } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { receive, receiveChecked } from './receive.ts'
import { describeUpload, refuseUpload } from './upload-answer.ts'

export interface Continuation {
  /** Where the body goes. */
  readonly offset: number
  /** Of the whole file, where it is told only now. */
  readonly size?: number | undefined
  /** The same of its digest. */
  readonly sha256?: string | undefined
  readonly checksum?: TusChecksum | undefined
  /** Of what is durable, where it is not its owner who goes on. */
  readonly prefix?: string | undefined
  /** The status of an answer that has nothing to complain about. */
  readonly success: 201 | 204
}

/** Takes a request's body into a transfer, which it takes over from whoever else writes it (C110). */
export function goOn(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  transfer: TransferActor,
  continuation: Continuation,
): Promise<FastifyReply> {
  return underWay(parts, request, transfer.room, () => takeOver(parts, request, reply, transfer, continuation))
}

async function takeOver(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  transfer: TransferActor,
  { offset, size, sha256, checksum, prefix, success }: Continuation,
): Promise<FastifyReply> {
  const writing = await (prefix === undefined ? transfer.write(offset) : transfer.adopt(offset, prefix))
  if ('type' in writing) return refuseUpload(reply, transfer, writing)
  const why = size === undefined ? undefined : await transfer.setSize(size)
  const other = sha256 === undefined ? undefined : transfer.promise(sha256)
  const fault = why ?? other ?? excess(request, offset, transfer.file.size)
  if (fault !== undefined) {
    await writing.pause()
    return refuseUpload(reply, transfer, fault)
  }
  const end =
    checksum === undefined
      ? await receive(request, reply, writing)
      : await receiveChecked(request, reply, writing, checksum, parts.settings.checkedBytes)
  if (end === 'whole' && writing.offset === transfer.file.size) {
    const file = await writing.finish()
    if ('type' in file) return refuseUpload(reply, transfer, file)
    return reply.code(success).header('Upload-Offset', file.size).send()
  }
  const durable = await writing.pause()
  if (end === 'cut') return reply.hijack()
  if (end !== 'whole') return refuseUpload(reply, transfer, end)
  return describeUpload(reply, transfer, durable).code(success).send()
}

/** Bytes that have no place in the file need not come at all. */
function excess({ headers }: FastifyRequest, offset: number, size: number | undefined): Refusal | undefined {
  const length = byteCount('Content-Length', headers['content-length'] ?? '0')
  if (typeof length === 'object') return length
  return size !== undefined && offset + length > size ? tooMuch : undefined
}

const tooMuch: Refusal = { code: 'FILE_TOO_LARGE', message: 'this is more than Upload-Length leaves room for' }
