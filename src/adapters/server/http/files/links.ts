import type { FastifyReply } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { FOLDER_FIELD, folderField } from '#protocol/tus.ts'
import { archivesOf, fileUrl } from '../../security/signed-links.ts'
import type { Exchange, HttpContext, Requester } from '../auth.ts'
import { absent, refuseRaw } from '../errors.ts'
import { archiveQuery, checked, paramsOf } from '../input.ts'

interface FoundFile {
  readonly id: string
  readonly room: string
  readonly file: RoomFile
}

/**
 * The file in the address of a request. Throws the same refusal if there is no such file, if it is not for the requester, and if it is
 * in a room that they may not enter (C115).
 */
export async function findFile({ context, request, reply, requester }: Exchange): Promise<FoundFile> {
  const { id } = paramsOf(request)
  if (requester.drop !== undefined) return await findDropped(context, requester, requester.drop.room, id)
  const found = await context.engine.file(id, requester.member)
  if (found === undefined) throw absent()
  const room = await requester.admit(found.room)
  const { folder } = found.file.file
  // With only a link, a client could not tell a sent archive from a folder.
  if (folder !== undefined) reply.header(FOLDER_FIELD, folderField(folder))
  return { id, ...found, room }
}

/** Passes the request on to the node that receives the upload; undefined if that is this node. */
export async function passedOn(
  { context: { engine, nodes }, request, reply, requester }: Exchange,
  { file }: FoundFile,
): Promise<FastifyReply | undefined> {
  if (nodes === undefined || file.status !== 'offered' || file.home === undefined) return undefined
  if (engine.isHomeOf(file)) return undefined
  reply.hijack()
  if (await nodes.passOn(file.home, request.raw, reply.raw, requester.address)) return reply
  refuseRaw(reply.raw, homeAway)
  return reply
}

const homeAway = rejected(
  'BUSY',
  'the machine that this upload comes in at does not answer just now; go on once it is back, or remove the file',
)

/** A file that came by a drop link: only its progress is shown, to those who have its address. */
async function findDropped(context: HttpContext, requester: Requester, room: string, id: string): Promise<FoundFile> {
  const transfer = await context.engine.transfer(id)
  const isOwn = transfer?.room === room && isOwner(context, requester, transfer)
  const found: Omit<FoundFile, 'id'> | undefined =
    transfer !== undefined && isOwn
      ? { room, file: { status: 'offered', file: transfer.file, by: transfer.by, at: 0 } }
      : await context.engine.submission(id)
  if (found?.room !== room) throw absent()
  return { id, room: await requester.admit(room), file: found.file }
}

/** Makes a link that opens a file without other credentials for a while: for browsers, and for programs that cannot send any. */
export async function addLink(exchange: Exchange): Promise<FastifyReply> {
  const { basePath } = exchange.context.settings
  const { id, room, file } = await findFile(exchange)
  return await answerLink(exchange, room, () => ({ to: id, path: fileUrl({ id, name: file.file.name }, basePath) }))
}

/** The same for the archives of a room, with the query that selects one; `.zip` in it may be replaced by `.tar`. */
export async function addRoomLink(exchange: Exchange): Promise<FastifyReply> {
  const { context, request } = exchange
  const { collected, only } = checked(archiveQuery, request.query)
  return await answerLink(exchange, paramsOf(request).room, (room) => ({
    to: archivesOf(room),
    path: `${context.settings.basePath}/rooms/${encodeURIComponent(room)}/files.zip`,
    query: `${collected ? '&collected=1' : ''}${only === undefined ? '' : `&only=${only}`}`,
  }))
}

async function answerLink(
  { context, reply, requester }: Exchange,
  room: string,
  about: (room: string) => { readonly to: string; readonly path: string; readonly query?: string },
): Promise<FastifyReply> {
  const { member } = requester
  return await requester.inRoom(room, async ({ room, member: { name } }) => {
    const holder = { ...requester.linkHolder(room), ...(member === undefined ? {} : { member }), name }
    const { to, path, query = '' } = about(room)
    const { text, expiresAt } = context.signedLinks.issue(to, holder)
    return reply.code(201).send({ url: `${path}?ticket=${text}${query}`, expiresAt })
  })
}

/**
 * The query in the address given to the sender of a file. A later request of a sender without a key has nothing else to identify them,
 * so a file with an audience gets a signed link.
 */
export function ownLink(
  { signedLinks }: HttpContext,
  requester: Requester,
  { room, member: { id: member, name } }: LocalSession,
  { id, audience }: MentionedFile,
): string {
  if (audience === undefined || requester.member !== undefined) return ''
  return `?ticket=${signedLinks.issue(id, { ...requester.linkHolder(room), member, name, sends: true }).text}`
}

/** The owner of an upload whose sender has no key. Undefined for a member, who is identified by the key. */
export function ownerKey({ signedLinks }: HttpContext, { member, name = '', address }: Requester): string | undefined {
  return member === undefined ? signedLinks.uploaderOf(name, address) : undefined
}

/** Whether a request comes from the owner of an upload: by the key, by the signed link in its address, or by name and address. */
export function isOwner(context: HttpContext, requester: Requester, transfer: TransferActor): boolean {
  // A link names its member, as a key does.
  const owner = ownerKey(context, requester) ?? requester.member
  return owner !== undefined && transfer.isOf(owner)
}
