import type { FastifyReply } from 'fastify'
import type { Rejected } from '#domain/errors.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { sizeHeader } from '#protocol/tus.ts'
import { type Refusal, refuse } from '../errors.ts'
import { httpDate } from './conditional.ts'

/** Tells where an upload stands: `offset` bytes of it would survive a crash. */
export function describeUpload(reply: FastifyReply, { file, expiresAt }: TransferActor, offset: number): FastifyReply {
  return reply.headers({ 'Upload-Offset': offset, ...sizeHeader(file.size), 'Upload-Expires': httpDate(expiresAt) })
}

/** Answers an upload with why it does not go on, and from where it could. */
export function refuseUpload(reply: FastifyReply, transfer: TransferActor, why: Rejected | Refusal): FastifyReply {
  if (transfer.status === 'arriving' || transfer.status === 'paused') describeUpload(reply, transfer, transfer.durable)
  if (why.code !== 'HASH_MISMATCH') return refuse(reply, why)
  const { code, message } = why
  return reply.code(CHECKSUM_MISMATCH).header('Tamtam-Code', code).send({ code, message })
}

/** Of tus's own making. */
const CHECKSUM_MISMATCH = 460
