import type { FastifyReply } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { collisionKey, numbered } from '#domain/names/file-name.ts'
import { checkPath } from '#domain/names/path.ts'
import { collected } from '#domain/room/hand-ins.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { type ArchiveMember, tarOf, zipOf } from '#folder/archive.ts'
import { type FileMember, type FolderListing, MAX_MEMBERS } from '#folder/listing.ts'
import { fileTimeText } from '#i18n/format.ts'
import { FOLDER_FIELD } from '#protocol/tus.ts'
import type { DownloadSlot } from '../../files/download-slots.ts'
import { fileUrl, memberUrl } from '../../security/signed-links.ts'
import type { Exchange } from '../auth.ts'
import { absent, type Refusal, refuse } from '../errors.ts'
import { archiveQuery, checked, paramsOf } from '../input.ts'
import { answerListing, rowsOf } from '../streams.ts'
import { getFile, headFile, send, sendContent, withSlot } from './download.ts'
import { archiveHeaders, type Content, contentOf, type MediaType, type WholeRoomFile } from './headers.ts'
import { findFile } from './links.ts'

// Folders

/**
 * `GET /files/ID/NAME`: a file as it is, which is a tar for a folder; `NAME.zip` is that folder as a zip, `NAME.tar` the tar under this
 * name.
 */
export async function getNamed(exchange: Exchange): Promise<FastifyReply> {
  const { reply, request, requester } = exchange
  const { name } = paramsOf(request)
  const ending = /\.(?:zip|tar)$/.exec(name)?.[0]
  if (ending === undefined) return await getPlain(exchange)
  const { room, file } = await findFile(exchange)
  if (file.file.folder === undefined || name === file.file.name) return await getPlain(exchange)
  if (file.status !== 'whole')
    return ending === '.tar' ? await getPlain(exchange) : refuse(reply, stillArriving(exchange, file))
  return await withSlot(exchange, (slot) =>
    requester.inRoom(room, async (session) => {
      const { id } = file.file
      const as = `${file.file.name}${ending}`
      if (ending === '.tar') {
        const open = (from: number) => session.download(id, from, 'lent')
        return await sendContent(exchange, slot, { ...contentOf(file), name: as }, open, TAR)
      }
      reply.removeHeader(FOLDER_FIELD)
      const { members } = await listingOf(exchange, session, file)
      return await sendArchive(exchange, slot, session, as, members, id)
    }),
  )
}

/** `GET /files/ID/NAME/PATH`: one file of a folder, like any file; with an empty path, the contents of the folder. */
export async function getInFolder(exchange: Exchange): Promise<FastifyReply> {
  const { reply, request, requester } = exchange
  const { '*': path } = paramsOf(request)
  const { room, file } = await findFile(exchange)
  if (file.file.folder === undefined) {
    if (path === '') return await getPlain(exchange)
    throw absent()
  }
  // The field describes the tar.
  reply.removeHeader(FOLDER_FIELD)
  if (file.status !== 'whole') return refuse(reply, stillArriving(exchange, file))
  if (path === '') return await requester.inRoom(room, (session) => listMembers(exchange, session, file))
  return await withSlot(exchange, (slot) =>
    requester.inRoom(room, async (session) => {
      const safe = checkPath(path)
      const { members } = await listingOf(exchange, session, file, 1)
      const member = members.find((each) => each.path === safe)
      if (member?.type !== 'file') return refuse(reply, notInFolder(exchange, file))
      const open = (from: number) => session.download(file.file.id, member.at + from, 'lent')
      return await sendContent(exchange, slot, memberContent(file, member), open)
    }),
  )
}

const getPlain = (exchange: Exchange): Promise<FastifyReply> =>
  exchange.request.method === 'HEAD' ? headFile(exchange) : getFile(exchange)

/** This host has not computed the digest of a file inside a folder, but its bytes never change under this id. */
const memberContent = ({ file }: WholeRoomFile, { path, size, at, modified }: FileMember): Content => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  size,
  etag: `"${file.sha256}.${at}"`,
  modifiedAt: modified * 1000,
})

async function listMembers(exchange: Exchange, session: LocalSession, file: WholeRoomFile): Promise<FastifyReply> {
  const { context, request, reply } = exchange
  const { members, files, bytes } = await listingOf(exchange, session, file)
  const { ticket } = request.query as { readonly ticket?: string }
  const query = ticket === undefined ? '' : `?ticket=${encodeURIComponent(ticket)}`
  const rows = rowsOf(context, members, (member) => {
    const { path, modified } = member
    const common = { path, modified: modified * 1000 }
    if (member.type === 'folder') return { ...common, path: `${path}/` }
    if (member.type === 'link') return { ...common, link: member.target }
    const { size, sha256, executable } = member
    return {
      ...common,
      size,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(executable ? { executable } : {}),
      url: `${memberUrl(file.file, path, context.settings.basePath)}${query}`,
    }
  })
  return await answerListing(context, request, reply, {
    head: { name: file.file.name, files, bytes },
    list: 'members',
    rows,
  })
}

const sourced = (members: FolderListing['members'], source: string, below: string): ArchiveMember[] =>
  members.map((member) => {
    const path = `${below}${member.path}`
    return member.type === 'file' ? { ...member, path, source } : { ...member, path }
  })

/** The contents of a folder, after payment: for its files, or for `items` if it need not be read. */
async function listingOf(
  { context: { folders }, requester }: Exchange,
  session: LocalSession,
  { file }: WholeRoomFile,
  items?: number,
): Promise<FolderListing> {
  const isCheap = items !== undefined && folders.hasListing(file.id)
  await requester.payItems(isCheap ? items : Math.max(1, file.folder?.files ?? 0), session.room)
  return await folders.listing(session, file)
}

// Rooms

/** Everything complete in a room that the requester may see; or for operators, the hand-ins, in a folder for each person. */
export async function getRoomArchive(exchange: Exchange): Promise<FastifyReply> {
  const { reply, request, requester } = exchange
  const { collected: isCollected, only } = checked(archiveQuery, request.query)
  const wanted = only === undefined ? undefined : new Set(only.split(','))
  const ending = request.url.split('?', 1)[0]?.endsWith('.tar') ? '.tar' : '.zip'
  return await withSlot(exchange, (slot) =>
    requester.inRoom(paramsOf(request).room, async (session) => {
      const { room } = session
      const isWanted = ({ file: { id } }: RoomFile) => wanted?.has(id) !== false
      const places = isCollected
        ? await handedIn(session)
        : named(session.files.filter(isWhole).filter(isWanted).map(inNoFolder))
      const count = places.reduce((sum, { file }) => sum + (file.file.folder?.files ?? 1), 0)
      if (count > MAX_MEMBERS) return refuse(reply, tooManyMembers)
      await requester.payItems(count, room)
      const members: ArchiveMember[] = []
      for (const { file, path } of places) {
        const { id, size, sha256, folder } = file.file
        const modified = Math.floor(file.at / 1000)
        if (folder === undefined)
          members.push({ type: 'file', path, size, modified, executable: false, at: 0, sha256, source: id })
        else {
          const listing = await exchange.context.folders.listing(session, file.file)
          members.push({ type: 'folder', path, modified })
          for (const member of sourced(listing.members, id, `${path}/`)) members.push(member)
        }
        if (members.length > MAX_MEMBERS) return refuse(reply, tooManyMembers)
      }
      return await sendArchive(exchange, slot, session, `${room}${isCollected ? '-hand-ins' : ''}${ending}`, members)
    }),
  )
}

const isWhole = (file: RoomFile): file is WholeRoomFile => file.status === 'whole'

interface Placed {
  readonly file: WholeRoomFile
  /** Ends with a slash; empty for none. */
  readonly folder: string
  readonly name: string
}

const inNoFolder = (file: WholeRoomFile): Placed => ({ file, folder: '', name: file.file.name })

async function handedIn(session: LocalSession) {
  const { people } = await session.handIns()
  const persons = people.map((person) => ({ ...person, files: person.files.map(submitted) }))
  const { versions } = collected<Submitted, (typeof persons)[number]>(persons, {
    isWanted: ({ whole }) => whole !== undefined,
    timeText: fileTimeText,
  })
  const files = versions.flatMap(({ newest, earlier }) => [...earlier, newest])
  return named(
    files.flatMap(({ file: { whole: file }, folder, as }) =>
      file === undefined ? [] : [{ file, folder: `${folder}/`, name: as }],
    ),
  )
}

type Submitted = ReturnType<typeof submitted>

const submitted = (file: RoomFile) => ({
  id: file.file.id,
  name: file.file.name,
  at: file.at,
  whole: isWhole(file) ? file : undefined,
})

/** Files whose names are the same on some system get numbers, except for the first. */
function named(placed: readonly Placed[]): readonly { readonly file: WholeRoomFile; readonly path: string }[] {
  const taken = new Set<string>()
  return placed
    .toSorted((one, other) => one.file.at - other.file.at)
    .map(({ file, folder, name }) => {
      let path = `${folder}${name}`
      for (let number = 2; taken.has(collisionKey(path)); number++) path = `${folder}${numbered(name, number)}`
      taken.add(collisionKey(path))
      return { file, path }
    })
}

// Both

const ZIP: MediaType = { type: 'application/zip', disposition: 'attachment' }
const TAR: MediaType = { type: 'application/x-tar', disposition: 'attachment' }

async function sendArchive(
  exchange: Exchange,
  slot: DownloadSlot,
  session: LocalSession,
  name: string,
  members: readonly ArchiveMember[],
  folder?: string,
): Promise<FastifyReply> {
  const { context, reply, request } = exchange
  const isZip = name.endsWith('.zip')
  const release = context.folders.hold(members.length)
  if (release === undefined) return refuse(reply, tooManyArchives)
  try {
    const open = (source: string, from: number) => session.download(folder ?? source, from, 'lent')
    const archive = (isZip ? zipOf : tarOf)(members, open)
    reply.headers(archiveHeaders(name, isZip ? ZIP : TAR)).header('Content-Length', archive.size)
    if (request.method === 'HEAD') return reply.send()
    return await send(exchange, slot, archive.bytes, archive.size)
  } finally {
    release()
  }
}

const stillArriving = ({ context }: Exchange, { file }: RoomFile): Refusal => ({
  code: 'NOT_FOUND',
  message: '',
  hint: `this folder is still arriving; until it is whole, ${fileUrl(file, context.settings.basePath)} brings it as a tar, as it comes`,
})
const notInFolder = ({ context }: Exchange, { file }: WholeRoomFile): Refusal => ({
  code: 'NOT_FOUND',
  message: '',
  hint: `this folder has no such file; ${fileUrl(file, context.settings.basePath)}/ lists what is in it`,
})
const tooManyMembers: Refusal = {
  code: 'TOO_LARGE',
  message: `an archive has at most ${MAX_MEMBERS} members, and this would have more; get its folders one by one`,
}
const tooManyArchives: Refusal = { code: 'BUSY', message: 'too many archives are on their way; try again soon' }
