import type { FastifyReply, FastifyRequest } from 'fastify'
import { fileUrl } from '#server/connection/file-url.ts'
import { asGuest, requesterOf, shownFor } from '../auth.ts'
import type { HttpParts } from '../parts.ts'
import { findFile } from './find-file.ts'

/** A link to a file that opens it by itself for a while: for browsers and programs that can show nothing beside an address. */
export async function addLink(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id, room, file } = await findFile(parts, request)
  const { member: person } = requesterOf(parts, request)
  const { text, expiresAt } = await asGuest(parts, request, room, async ({ member: { name } }) =>
    parts.signedLinks.issue(id, {
      ...shownFor(parts, request, room),
      ...(person === undefined ? {} : { member: person }),
      name,
    }),
  )
  return reply.code(201).send({ url: `${fileUrl({ id, name: file.file.name })}?ticket=${text}`, expiresAt })
}
