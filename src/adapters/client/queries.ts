import type * as v from 'valibot'
import type { RoomEvent } from '#domain/room/events.ts'
import * as wire from '#protocol/schema.ts'
import { type ApiClient, type Ask, isGood, notTamtam, refusalOf } from './api-client.ts'
import { isRefusal, type Refusal } from './errors.ts'

/** What one may ask a host about its rooms and files: each is one request. */

export const roomPath = (room: string): string => `/rooms/${encodeURIComponent(room)}`

export async function listRooms(link: ApiClient): Promise<readonly wire.RoomRow[] | Refusal> {
  const found = await get(link, '/rooms', wire.roomList)
  return isRefusal(found) ? found : found.rooms
}

export const roomFacts = (link: ApiClient, room: string): Promise<wire.RoomFacts | Refusal> =>
  get(link, roomPath(room), wire.roomFacts)

export async function listFiles(link: ApiClient, room: string): Promise<readonly wire.FileRow[] | Refusal> {
  const found = await get(link, `${roomPath(room)}/files`, wire.fileList)
  return isRefusal(found) ? found : found.files
}

/** A page of a room's history: entries after `after`, or the newest ones before `before` or of all. `last` is the room's newest. */
export async function history(
  link: ApiClient,
  room: string,
  which: { readonly after?: number; readonly before?: number; readonly limit: number },
): Promise<{ readonly events: readonly RoomEvent[]; readonly last: number } | Refusal> {
  const asked = Object.entries(which).map(([name, value]) => `${name}=${value}`)
  return await get(link, `${roomPath(room)}/events?${asked.join('&')}`, wire.eventPage)
}

/** The newest matches, oldest first. */
export async function search(
  link: ApiClient,
  room: string,
  query: string,
  limit: number,
): Promise<readonly RoomEvent[] | Refusal> {
  const path = `${roomPath(room)}/search?q=${encodeURIComponent(query)}&limit=${limit}`
  const found = await get(link, path, wire.searched)
  return isRefusal(found) ? found : found.events
}

export const receiptsOf = (link: ApiClient, id: string): Promise<wire.Receipts | Refusal> =>
  get(link, link.filePath(id, '/receipts'), wire.receipts)

/** Says that the one who asks has the file whole. */
export async function postReceipt(link: ApiClient, id: string, sha256: string): Promise<Refusal | undefined> {
  const body = JSON.stringify({ sha256 })
  const path = link.filePath(id, '/receipts')
  const answer = await link.json({ method: 'POST', path, headers: { 'Content-Type': 'application/json' }, body })
  return isRefusal(answer) ? answer : undefined
}

/** Gives a room a password, or with nothing takes it away. */
export async function setPassword(
  link: ApiClient,
  room: string,
  word: string | undefined,
): Promise<Refusal | undefined> {
  const path = `${roomPath(room)}/password`
  const headers = { 'Content-Type': 'application/json' }
  return await done(
    link,
    word === undefined
      ? { method: 'DELETE', path }
      : { method: 'PUT', path, headers, body: JSON.stringify({ password: word }) },
  )
}

/** What lets one more person into a room. */
export const invite = (link: ApiClient, room: string): Promise<wire.Invitation | Refusal> =>
  asked(link, { method: 'POST', path: `${roomPath(room)}/invitations` }, wire.invitation)

export async function invitations(link: ApiClient, room: string): Promise<readonly wire.KeptInvitation[] | Refusal> {
  const found = await get(link, `${roomPath(room)}/invitations`, wire.invitations)
  return isRefusal(found) ? found : found.invitations
}

/** Nobody comes in by it any more. */
export const revoke = (link: ApiClient, room: string, id: string): Promise<Refusal | undefined> =>
  done(link, { method: 'DELETE', path: `${roomPath(room)}/invitations/${encodeURIComponent(id)}` })

/** What is answered by nothing. */
async function done(link: ApiClient, ask: Ask): Promise<Refusal | undefined> {
  const answer = await link.ask(ask)
  if (!isGood(answer)) return await refusalOf(answer)
  answer.resume()
  return undefined
}

const get = <Schema extends v.GenericSchema>(link: ApiClient, path: string, schema: Schema) =>
  asked(link, { method: 'GET', path, headers: { Accept: 'application/json' } }, schema)

export async function asked<Schema extends v.GenericSchema>(
  link: ApiClient,
  ask: Ask,
  schema: Schema,
): Promise<v.InferOutput<Schema> | Refusal> {
  const answer = await link.json(ask)
  if (isRefusal(answer)) return answer
  return wire.parsed(schema, answer.value) ?? notTamtam
}
