import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '../../../../domain/engine/local-session.ts'
import type { MentionedFile } from '../../../../domain/room/events.ts'
import { askerOf, shownFor } from '../guests.ts'
import type { HttpParts } from '../parts.ts'

/**
 * What stands behind the address of a file that was just sent. Nothing would know a guest again who asks for it later, or goes on
 * with it: where it is not for everybody, a ticket does.
 */
export function ownTicket(
  parts: HttpParts,
  request: FastifyRequest,
  { room, member: { id: member, name } }: LocalSession,
  { id, audience }: MentionedFile,
): string {
  if (audience === undefined || askerOf(parts, request).member !== undefined) return ''
  return `?ticket=${parts.tickets.issue(id, { ...shownFor(parts, request, room), member, name, sends: true }).text}`
}
