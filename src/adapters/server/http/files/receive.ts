import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Writing } from '#domain/transfer/writing.ts'
import type { TusChecksum } from '#protocol/tus.ts'
import type { Refusal } from '../errors.ts'
import { Body, type BodyEnd } from './body.ts'

/** Writes the body of a request until it ends, or is refused. Only now its sender is told to send it, where it asked. */
export function receive(request: FastifyRequest, reply: FastifyReply, writing: Writing): Promise<BodyEnd | Rejected> {
  return withBody(request, reply, async (body) => {
    for (;;) {
      const piece = await body.next()
      if (typeof piece === 'string') return piece
      const why = await writing.append(piece)
      if (why !== undefined) return why
    }
  })
}

/** The same for a body that counts only if it has the digest that was sent with it: at most `most` bytes, so that they can wait. */
export function receiveChecked(
  request: FastifyRequest,
  reply: FastifyReply,
  writing: Writing,
  { algorithm, digest }: TusChecksum,
  most: number,
): Promise<BodyEnd | Rejected | Refusal> {
  return withBody(request, reply, async (body) => {
    const held: Buffer[] = []
    let size = 0
    for (;;) {
      const piece = await body.next()
      if (piece === 'cut') return piece
      if (piece === 'whole') break
      size += piece.length
      if (size > most) return { code: 'TOO_LARGE', message: `with Upload-Checksum, send at most ${most} bytes at once` }
      held.push(Buffer.from(piece))
    }
    const bytes = Buffer.concat(held)
    if (!createHash(algorithm).update(bytes).digest().equals(digest)) return mismatch
    return (await writing.append(bytes)) ?? 'whole'
  })
}

/** Gives `take` the body, and reads over what it leaves. */
export async function withBody<T>(
  { raw, headers }: FastifyRequest,
  reply: FastifyReply,
  take: (body: Body) => Promise<T>,
): Promise<T> {
  if (headers.expect !== undefined && !raw.complete) reply.raw.writeContinue()
  const body = new Body(raw)
  try {
    return await take(body)
  } finally {
    body.ignore()
  }
}

const mismatch = rejected(
  'HASH_MISMATCH',
  'these bytes are not what Upload-Checksum says; nothing of them was kept, send them again',
)
