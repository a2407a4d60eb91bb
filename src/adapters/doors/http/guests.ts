import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '../../../domain/engine/local-session.ts'
import { checkRoomName } from '../../../domain/names/room-name.ts'
import { rejected } from '../../../domain/rejection.ts'
import { Refused } from '../../../domain/session.ts'
import { HttpRefused, notFound } from './errors.ts'
import type { HttpParts } from './parts.ts'

/** The room's own name for `room`, where this request may enter it. Throws as if there were none where it may not. */
export function admitted(parts: HttpParts, request: FastifyRequest, room: string): string {
  const name = checkRoomName(room)
  if (typeof name !== 'string') throw new Refused(name)
  if (enterable(parts, request, [name]).length === 0) throw new HttpRefused(notFound.code, notFound.message)
  return name
}

/** Which of these rooms the host's rule lets a request into, called as the rooms themselves are. */
export function enterable(
  { admission, visitorOf }: HttpParts,
  { raw, headers }: FastifyRequest,
  rooms: readonly string[],
): readonly string[] {
  const credential = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  return admission.enterable(visitorOf(raw).address, credential, rooms)
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
  const { address } = parts.visitorOf(request.raw)
  const place = { room: admitted(parts, request, room), address, quiet: true }
  const key = request.headers['tamtam-key']
  if (typeof key === 'string') {
    const session = parts.people.placeOf(key, place.room)
    if (session === undefined) throw new Refused(noPlace)
    return await act(session)
  }
  const name = nameOf(request)
  if (name === undefined) {
    const session = await engine.join({ ...place, name: address, guest: true })
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
function nameOf({ headers }: FastifyRequest): string | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const name = Buffer.from(encoded, 'base64').toString().split(':', 1)[0]
  return name === '' ? undefined : name
}
