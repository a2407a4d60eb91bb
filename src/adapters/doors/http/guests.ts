import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '../../../domain/engine/local-session.ts'
import { checkRoomName } from '../../../domain/names/room-name.ts'
import { rejected } from '../../../domain/rejection.ts'
import { Refused } from '../../../domain/session.ts'
import { personOf } from '../shared/session/people.ts'
import type { TicketHolder } from '../shared/tickets.ts'
import { HttpRefused, notFound } from './errors.ts'
import type { HttpParts } from './parts.ts'

/** Who a request is of, as far as it shows. */
export interface Asker extends TicketHolder {
  readonly address: string
  /** It came with a ticket in place of all else. */
  readonly byTicket: boolean
}

/** Throws as if there were nothing where a ticket does not hold. */
export function askerOf(parts: HttpParts, { raw, headers, query, params, routeOptions }: FastifyRequest): Asker {
  const { address } = parts.visitorOf(raw)
  const { ticket } = query as { readonly ticket?: string | readonly string[] }
  if (ticket !== undefined && routeOptions.config.ticket === true) {
    const { id = '' } = params as { readonly id?: string }
    const holder = typeof ticket === 'string' ? parts.tickets.holderOf(ticket, id) : undefined
    if (holder === undefined) throw new HttpRefused(notFound.code, notFound.message)
    return { ...holder, address, byTicket: true }
  }
  const { authorization = '', 'tamtam-key': key } = headers
  const credential = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
  const name = nameIn(authorization)
  return {
    address,
    byTicket: false,
    ...(credential === undefined ? {} : { credential }),
    ...(name === undefined ? {} : { name }),
    ...(typeof key === 'string' ? { member: personOf(key) } : {}),
  }
}

/** The room's own name for `room`, where this request may enter it. Throws as if there were none where it may not. */
export function admitted(parts: HttpParts, request: FastifyRequest, room: string): string {
  const name = checkRoomName(room)
  if (typeof name !== 'string') throw new Refused(name)
  if (enterable(parts, request, [name]).length === 0) throw new HttpRefused(notFound.code, notFound.message)
  return name
}

/** Which of these rooms the host's rule lets a request into, called as the rooms themselves are. */
export function enterable(parts: HttpParts, request: FastifyRequest, rooms: readonly string[]): readonly string[] {
  const { address, credential } = askerOf(parts, request)
  return parts.admission.enterable(address, credential, rooms)
}

/**
 * Runs `act` in a room for as long as a request takes: as the member whose key the request shows, or as a guest called by its
 * address or by the name that it gives. Nobody hears a guest come or go.
 */
export async function asGuest<T>(
  parts: HttpParts,
  request: FastifyRequest,
  room: string,
  act: (session: LocalSession) => Promise<T>,
): Promise<T> {
  const { engine, names } = parts
  const { address, name, member, byTicket } = askerOf(parts, request)
  const place = { room: admitted(parts, request, room), address, quiet: true }
  const session = member === undefined ? undefined : parts.people.placeOf(member, place.room)
  if (session !== undefined) return await act(session)
  if (member !== undefined && !byTicket) throw new Refused(noPlace)
  // A ticket outlives its holder's stay, and does not take their name while they have it elsewhere.
  if (name === undefined || byTicket) {
    const session = await engine.join({ ...place, name: name ?? address, guest: true })
    return act(session).finally(() => session.close())
  }
  const owner = `http ${address} ${name}`
  names.use(owner)
  try {
    const session = await engine.join({ ...place, name, owner })
    return await act(session).finally(() => session.close())
  } finally {
    names.release(owner)
  }
}

/** For whoever is about to come back; a guest must not do what was meant for a member. */
const noPlace = rejected('NOT_A_MEMBER', 'whoever has this key is not in the room just now; ask again in a moment')

/** The user of HTTP Basic; the password is not looked at. */
function nameIn(authorization: string): string | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(authorization) ?? []
  if (encoded === undefined) return undefined
  const name = Buffer.from(encoded, 'base64').toString().split(':', 1)[0]
  return name === '' ? undefined : name
}
