import * as v from 'valibot'
import type { Ack, Act, Say } from '#domain/room/commands.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import * as wire from '#protocol/schema.ts'
import type { ApiClient, HttpRequest } from './api-client.ts'
import { isRefusal, type Refusal } from './errors.ts'

/** Requests about rooms and files, one function each. */

export const roomPath = (room: string): string => `/rooms/${encodeURIComponent(room)}`

export async function listRooms(api: ApiClient): Promise<readonly wire.RoomRow[] | Refusal> {
  const found = await get(api, '/rooms', wire.roomList)
  return isRefusal(found) ? found : found.rooms
}

export const roomFacts = (api: ApiClient, room: string): Promise<wire.RoomDetails | Refusal> =>
  get(api, roomPath(room), wire.roomFacts)

/** A folder counts as one file. */
export async function listFiles(api: ApiClient, room: string): Promise<readonly wire.FileRow[] | Refusal> {
  const found = await get(api, `${roomPath(room)}/files?folders=1`, wire.fileList)
  return isRefusal(found) ? found : found.files
}

/** The contents of a folder. */
export const listFolder = (
  api: ApiClient,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<wire.FolderListing | Refusal> =>
  get(api, api.filePath(id, `/${encodeURIComponent(name)}/`), wire.folderListing)

export const listHandIns = (api: ApiClient, room: string): Promise<wire.HandInList | Refusal> =>
  get(api, `${roomPath(room)}/hand-ins`, wire.handIns)

/** Removes a message. Answers the refusal otherwise. */
export async function removeMessage(api: ApiClient, room: string, seq: number): Promise<Refusal | undefined> {
  const answer = await api.ask(`${roomPath(room)}/messages/${seq}`, { method: 'DELETE' })
  if (isRefusal(answer)) return answer
  answer.drop()
  return undefined
}

/**
 * A page of a room's history: entries after `after`, or the newest ones before `before`, or the newest of all. `last` is the room's
 * newest.
 */
export async function history(
  api: ApiClient,
  room: string,
  which: { readonly after?: number; readonly before?: number; readonly limit: number },
): Promise<{ readonly events: readonly RoomEvent[]; readonly last: number } | Refusal> {
  const asked = Object.entries(which).map(([name, value]) => `${name}=${value}`)
  const page = await get(api, `${roomPath(room)}/events?${asked.join('&')}`, someEventsAndLast)
  return isRefusal(page) ? page : { ...page, events: knownEvents(page.events) }
}

/** The newest matches, oldest first. */
export async function search(
  api: ApiClient,
  room: string,
  query: string,
  limit: number,
): Promise<readonly RoomEvent[] | Refusal> {
  const path = `${roomPath(room)}/search?q=${encodeURIComponent(query)}&limit=${limit}`
  const found = await get(api, path, someEvents)
  return isRefusal(found) ? found : knownEvents(found.events)
}

/** The values that are events known to this client: one of another type, or with wrong fields, hides none of the others. */
export const knownEvents = (values: readonly unknown[]): readonly RoomEvent[] =>
  values.flatMap((value) => wire.parsed(wire.eventsOverHttp, [value]) ?? [])

const someEvents = v.object({ events: v.array(v.unknown()) })
const someEventsAndLast = v.object({ ...someEvents.entries, last: wire.sequence })

/** Resolves after the commit. With the same `id` it is sent at most once, so it may be repeated. */
export const postMessage = (api: ApiClient, room: string, { type, text }: Say | Act, id: string) =>
  post(api, room, id, 'application/json', JSON.stringify({ type, text }))

/** The same for each line, in order: all of them or, if one is refused, none. The answer is that of the last. */
export const postLines = (api: ApiClient, room: string, lines: string, id: string) =>
  post(api, room, id, 'text/plain; charset=utf-8', lines)

async function post(api: ApiClient, room: string, id: string, type: string, body: string): Promise<Ack | Refusal> {
  const headers = { 'Content-Type': type, 'Idempotency-Key': id }
  const posted = await get(api, `${roomPath(room)}/messages`, wire.posted, { method: 'POST', headers, body })
  return isRefusal(posted) ? posted : { type: 'ack', ...posted }
}

export const receiptsOf = (api: ApiClient, id: string): Promise<wire.Receipts | Refusal> =>
  get(api, api.filePath(id, '/receipts'), wire.receipts)

/** Tells the room that the client has received the complete file. */
export const postReceipt = (api: ApiClient, id: string, sha256: string): Promise<Refusal | undefined> =>
  api.run(api.filePath(id, '/receipts'), { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ sha256 }) })

/** A room's password and invitations, for one of its operators: over HTTP, so that no secret is ever a chat line. */
export const roomAccess = (api: ApiClient, room: string): RoomAccess<Refusal> => ({
  setPassword: (password) =>
    api.run(
      `${roomPath(room)}/password`,
      password === undefined
        ? { method: 'DELETE' }
        : { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify({ password }) },
    ),
  invite: () => get(api, `${roomPath(room)}/invitations`, wire.invitation, { method: 'POST' }),
  invitations: async () => {
    const found = await get(api, `${roomPath(room)}/invitations`, wire.invitations)
    return isRefusal(found) ? found : found.invitations
  },
  revoke: (id) => api.run(`${roomPath(room)}/invitations/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  addDropLink: (seconds) =>
    get(api, `${roomPath(room)}/drop-links`, wire.dropLink, {
      method: 'POST',
      ...(seconds === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify({ expiresInSeconds: seconds }) }),
    }),
  dropLinks: async () => {
    const found = await get(api, `${roomPath(room)}/drop-links`, wire.dropLinks)
    return isRefusal(found) ? found : found.dropLinks
  },
  revokeDropLink: (id) => api.run(`${roomPath(room)}/drop-links/${encodeURIComponent(id)}`, { method: 'DELETE' }),
})

/** A link that opens a file without other credentials for a while. */
export const fileLink = (api: ApiClient, id: string) =>
  get(api, api.filePath(id, '/links'), wire.signedLink, { method: 'POST' })

const JSON_TYPE = { 'Content-Type': 'application/json' }

const get = <Schema extends v.GenericSchema>(
  api: ApiClient,
  path: string,
  schema: Schema,
  request?: HttpRequest,
): Promise<v.InferOutput<Schema> | Refusal> => api.get(path, (value) => wire.parsed(schema, value), request)
