import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { Refused } from '#domain/session.ts'
import { personOf } from '../connection/key-registry.ts'
import type { Credentials } from '../security/access-control.ts'
import type { SignedLinkHolder } from '../security/signed-links.ts'
import { HttpRefused, notFound } from './errors.ts'
import type { HttpParts } from './parts.ts'
import { isPermission, permissionOf } from './permissions.ts'

/** Who a request is of, as far as it shows. */
export interface Requester extends SignedLinkHolder {
  readonly address: string
  /** It came with a ticket in place of all else. */
  readonly byTicket: boolean
}

/** Throws as if there were nothing where a ticket does not hold. */
export function requesterOf(
  parts: HttpParts,
  { raw, headers, query, params, routeOptions }: FastifyRequest,
): Requester {
  const { address } = parts.visitorOf(raw)
  const { ticket } = query as { readonly ticket?: string | readonly string[] }
  const { ticket: use } = routeOptions.config
  if (ticket !== undefined && use !== undefined) {
    const { id = '' } = params as { readonly id?: string }
    const holder = typeof ticket === 'string' ? parts.signedLinks.holderOf(ticket, id) : undefined
    const { name } = basicIn(headers.authorization ?? '')
    const isAnothers = name !== undefined && holder?.name !== undefined && name !== holder.name
    if (holder === undefined || (use === 'sends' && (holder.sends !== true || isAnothers)))
      throw new HttpRefused(notFound.code, notFound.message)
    return { ...holder, address, byTicket: true }
  }
  const { authorization = '', 'tamtam-key': key } = headers
  const { name, credential = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] } = basicIn(authorization)
  return {
    address,
    byTicket: false,
    ...(credential === undefined ? {} : { credential }),
    ...(name === undefined ? {} : { name }),
    ...(typeof key === 'string' ? { member: personOf(key) } : {}),
  }
}

/** What a route asks for before anything is looked at behind it; a room asks for itself. */
export async function admitToRoute(parts: HttpParts, request: FastifyRequest): Promise<void> {
  const right = permissionOf(request.method, request.routeOptions.url ?? '')
  if (right === 'machine' && parts.visitorOf(request.raw).loopback) return
  if (right === 'known' && (await parts.accessControl.letsIn(shownBy(parts, request)))) return
  if (right === 'machine' || right === 'known') throw new HttpRefused(notFound.code, notFound.message)
}

/** The room's own name for `room`, where this request may enter it. Throws as if there were none where it may not. */
export async function admitted(parts: HttpParts, request: FastifyRequest, room: string): Promise<string> {
  const name = checkRoomName(room)
  if (typeof name !== 'string') throw new Refused(name)
  if (!(await parts.accessControl.maySee(shownBy(parts, request, name), name)))
    throw new HttpRefused(notFound.code, notFound.message)
  parts.visitorOf(request.raw).known?.()
  return name
}

/**
 * Resolves when a request is paid for, in lines of the rate: by the member of the room whose key it shows, or else by its address. Throws
 * where its sender went away meanwhile: it had no answer, so it will be sent again.
 */
export async function pay(parts: HttpParts, request: FastifyRequest, lines: number, room?: string): Promise<void> {
  const { member } = requesterOf(parts, request)
  const isHere = member !== undefined && parts.people.isHere(member, room)
  const { address, loopback } = parts.visitorOf(request.raw)
  const payer = { address, loopback, connection: request.raw.socket, member: isHere ? member : undefined }
  if (!(await parts.rates.pay(payer, lines))) throw new HttpRefused('TRANSFER_CUT', 'the sender went away')
}

/** What a request shows to whoever lets people into a room. */
export function shownBy(parts: HttpParts, request: FastifyRequest, room?: string): Credentials {
  const { address, credential, member: person, byTicket, invited, passwordId } = requesterOf(parts, request)
  const password = request.headers['tamtam-password']
  const isHere = person !== undefined && room !== undefined && parts.people.placeOf(person, room) !== undefined
  return {
    connection: request.raw.socket,
    address,
    inside: isHere,
    ...(byTicket
      ? { link: { ...(invited === undefined ? {} : { invited }), ...(passwordId === undefined ? {} : { passwordId }) } }
      : {}),
    ...(credential === undefined ? {} : { credential }),
    ...(person === undefined ? {} : { person }),
    ...(typeof password === 'string' ? { password: decoded(password) } : {}),
  }
}

/** What a link stands for that this request asks for, in a room that it may see. */
export function shownFor(parts: HttpParts, request: FastifyRequest, room: string): SignedLinkHolder | undefined {
  const { accessControl } = parts
  return accessControl.linked(accessControl.holderOf(shownBy(parts, request, room), room), room)
}

/** Percent-encoded, or as it is: Node gives the bytes of a header as Latin 1, and what people type is UTF-8. */
function decoded(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  try {
    return decodeURIComponent(isUtf8(bytes) ? bytes.toString() : text)
  } catch {
    return text
  }
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
  const { address, name, member, byTicket } = requesterOf(parts, request)
  const place = { room: await admitted(parts, request, room), address, quiet: true }
  const session = member === undefined ? undefined : parts.people.placeOf(member, place.room)
  if (session !== undefined) return await watched(parts, request, session, act)
  if (member !== undefined && !byTicket) {
    // Whoever is banned is told that first.
    const visit = await engine.join({ ...place, name: address, guest: true, person: member })
    await visit.close()
    throw new Refused(noPlace)
  }
  // A ticket outlives its holder's stay, and does not take their name while they have it elsewhere.
  if (name === undefined || byTicket) {
    return await asNobody(parts, request, place.room, act)
  }
  const owner = `http ${address} ${name}`
  names.use(owner)
  try {
    const session = await engine.join({ ...place, name, owner })
    return await watched(parts, request, session, act).finally(() => session.close())
  } finally {
    names.release(owner)
  }
}

/**
 * The same for what takes its time, and needs nobody's name: bytes on their way in. It is done under the eyes of the member whose key
 * the request shows, where they are here, and else of a guest.
 */
export async function underWay<T>(
  parts: HttpParts,
  request: FastifyRequest,
  room: string,
  act: () => Promise<T>,
): Promise<T> {
  const { member } = requesterOf(parts, request)
  const session = member === undefined ? undefined : parts.people.placeOf(member, room)
  if (session !== undefined) return await watched(parts, request, session, act)
  return await asNobody(parts, request, room, act)
}

async function asNobody<T>(
  parts: HttpParts,
  request: FastifyRequest,
  room: string,
  act: (session: LocalSession) => Promise<T>,
): Promise<T> {
  const { address, name = address, member } = requesterOf(parts, request)
  const role = parts.accessControl.roleOf(member)
  const session = await parts.engine.join({
    ...{ room, address, quiet: true, name, guest: true },
    ...(member === undefined ? {} : { reads: member, person: member }),
    ...(role === undefined ? {} : { role }),
  })
  return await watched(parts, request, session, act).finally(() => session.close())
}

/** Cuts off what is still under way when the room sends its member out, or the access it was begun with ends (C124). */
async function watched<T>(
  parts: HttpParts,
  request: FastifyRequest,
  session: LocalSession,
  act: (session: LocalSession) => Promise<T>,
): Promise<T> {
  const right = permissionOf(request.method, request.routeOptions.url ?? '')
  const why = right !== undefined && isPermission(right) ? session.refusalTo(right) : noRight
  if (why !== undefined) throw new Refused(why)
  const cut = () => request.raw.socket.destroy()
  const unwatch = parts.accessControl.stay(shownBy(parts, request, session.room), session.room, cut)
  const watch = session.state$.subscribe(({ status }) => {
    if (status === 'closed' && session.expelled !== undefined) cut()
  })
  try {
    return await act(session)
  } finally {
    watch.unsubscribe()
    unwatch()
  }
}

/** A route that has to do with a room says in the table of rights what it does there. */
const noRight = rejected('NOT_ALLOWED', 'this is not for anybody')
/** For whoever is about to come back; a guest must not do what was meant for a member. */
const noPlace = rejected('NOT_A_MEMBER', 'whoever has this key is not in the room just now; ask again in a moment')

/** HTTP Basic: the user is a name, the password what is shown to the host; either may be left empty. */
function basicIn(authorization: string): Pick<Requester, 'name' | 'credential'> {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(authorization) ?? []
  if (encoded === undefined) return {}
  const [, name = '', credential = ''] = /^([^:]*):?(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  return { ...(name === '' ? {} : { name }), ...(credential === '' ? {} : { credential }) }
}
