import type { FastifyRequest } from 'fastify'
import type { LocalSession } from '../../../domain/engine/local-session.ts'
import { checkRoomName } from '../../../domain/names/room-name.ts'
import { Refused } from '../../../domain/session.ts'
import { HttpRefused, notFound } from './errors.ts'
import type { HttpParts } from './parts.ts'

/** The room's own name for `room`, where this request may enter it. Throws as if there were none where it may not. */
export function admitted(parts: HttpParts, request: FastifyRequest, room: string): string {
  const name = checkRoomName(room)
  if (typeof name !== 'string') throw new Refused(name)
  if (!mayEnter(parts, request, name)) throw new HttpRefused(notFound.code, notFound.message)
  return name
}

/** Whether the host's rule lets this request into a room, called as the room itself is. */
export function mayEnter(parts: HttpParts, { raw, headers }: FastifyRequest, room: string): boolean {
  const { address } = parts.visitorOf(raw)
  const credential = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  return parts.access({ room, address, ...(credential === undefined ? {} : { credential }) })
}

/**
 * Runs `act` in a room for as long as a request takes: as a guest called by its address, or by the name that the request
 * gives. Nobody hears it come or go.
 */
export async function asGuest<T>(
  parts: HttpParts,
  request: FastifyRequest,
  room: string,
  act: (session: LocalSession) => Promise<T>,
): Promise<T> {
  const { engine, names } = parts
  const { address } = parts.visitorOf(request.raw)
  const place = { room: admitted(parts, request, room), quiet: true }
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

/** The user of HTTP Basic; the password is not looked at. */
function nameOf({ headers }: FastifyRequest): string | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const name = Buffer.from(encoded, 'base64').toString().split(':', 1)[0]
  return name === '' ? undefined : name
}
