import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { subnetOf } from '#server/connection/address.ts'
import { requesterOf, shownFor } from '../auth.ts'
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
  if (audience === undefined || requesterOf(parts, request).member !== undefined) return ''
  return `?ticket=${parts.signedLinks.issue(id, { ...shownFor(parts, request, room), member, name, sends: true }).text}`
}

/**
 * By what this host knows the sender of an upload again who shows no key: the name that comes with the request, and the address (the whole
 * household's, since one machine changes its own within it). Undefined for a member, whom the key names.
 */
export function ownerWord(parts: HttpParts, request: FastifyRequest): string | undefined {
  const { member, name = '', address } = requesterOf(parts, request)
  return member === undefined ? parts.signedLinks.wordFor(`upload\n${subnetOf(address)}\n${name}`) : undefined
}

/** Whether a request is of whoever began an upload: by the key, by the ticket in its address, or by name and address. */
export function isOwner(parts: HttpParts, request: FastifyRequest, transfer: TransferActor): boolean {
  // A ticket names the member for whom it was made, and so does a key.
  const shown = ownerWord(parts, request) ?? requesterOf(parts, request).member
  return shown !== undefined && transfer.isOf(shown)
}
