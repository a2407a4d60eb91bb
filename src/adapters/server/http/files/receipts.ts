import type { FastifyReply } from 'fastify'
import * as v from 'valibot'
import type { LocalSession } from '#domain/engine/session.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { withExpiry } from '#domain/room/expiry.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { Refused } from '#domain/session.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { type FileMember, MAX_MEMBERS } from '#folder/listing.ts'
import * as bodies from '#protocol/schema.ts'
import { fileUrl, memberUrl } from '../../security/signed-links.ts'
import type { Exchange, HttpContext } from '../auth.ts'
import { accepted, notFound, refuse } from '../errors.ts'
import { checked, isOn, paramsOf } from '../input.ts'
import { answerListing, rowsOf } from '../streams.ts'
import type { WholeRoomFile } from './headers.ts'
import { findFile } from './links.ts'

/** Bytes of a file were served to a request: with the last one, its member has the file. */
export function noteServed(
  { context, requester }: Exchange,
  room: string,
  file: WholeFile,
  first: number,
  bytes: number,
): void {
  const session = requester.receiverIn(room)
  if (session !== undefined && context.served.note(session.id, file, first, bytes)) session.serveFile(file.id)
}

const listQuery = v.object({ folders: isOn })

/**
 * The files of a room with their receipts, in the order of their offers. With `folders=1` a folder is one file; otherwise each file
 * inside is listed, for programs that know nothing about folders.
 */
export async function listFiles({ context, request, reply, requester }: Exchange): Promise<FastifyReply> {
  const { folders: asOne } = checked(listQuery, request.query)
  return await requester.inRoom(paramsOf(request).room, async (session) => {
    const { room, files } = session
    const items = files.reduce(
      (sum, each) => sum + 1 + (each.status === 'whole' ? each.received.size + each.served.size : 0),
      0,
    )
    await requester.payItems(items, room)
    const arriving = arrivingNow(context)
    const { basePath } = context.settings
    const row = (file: RoomFile) => rowOf(file, arriving, session, basePath)
    const rows = asOne ? rowsOf(context, files, row) : singleRows()
    return await answerListing(context, request, reply, { list: 'files', rows })

    async function* singleRows(): AsyncGenerator<readonly object[]> {
      let left = MAX_MEMBERS
      let plain: RoomFile[] = []
      for (const each of files) {
        const count = each.file.folder?.files ?? 0
        const members = each.status === 'whole' && count > 0 && count <= left ? await membersOf(each) : undefined
        if (members === undefined) {
          plain.push(each)
          continue
        }
        left -= count
        yield* rowsOf(context, plain, row)
        plain = []
        // Receipts concern the folder, and would be repeated for each file in it.
        const common = { ...row(each), folder: undefined, receipts: undefined, served: undefined }
        yield* rowsOf(context, members, ({ path, size, sha256 }) => {
          const name = `${each.file.name}/${path}`
          return { ...common, name, size, sha256, url: memberUrl(each.file, path, basePath) }
        })
      }
      yield* rowsOf(context, plain, row)
    }

    /** Undefined if it is gone by now. */
    async function membersOf({ file }: WholeRoomFile): Promise<readonly FileMember[] | undefined> {
      await requester.payItems(file.folder?.files ?? 0, room)
      try {
        const { members } = await context.folders.listing(session, file)
        return members.filter((member) => member.type === 'file')
      } catch (error) {
        if (error instanceof Refused) return undefined
        throw error
      }
    }
  })
}

const arrivingNow = ({ engine }: HttpContext): ReadonlyMap<string, TransferActor> =>
  new Map(engine.transfers.map((transfer) => [transfer.id, transfer]))

function rowOf(each: RoomFile, arriving: ReadonlyMap<string, TransferActor>, session: LocalSession, basePath: string) {
  const { file, by, at } = each
  const timed = each.status === 'whole' ? withExpiry(session.rules, file, at) : file
  const common = { ...timed, by: by.name, byId: by.id, at, url: fileUrl(file, basePath) }
  if (each.status === 'whole') {
    const receipts = listOf(each.received)
    const { has, of } = session.holdersOf(each)
    const served = listOf(each.served)
    return {
      ...common,
      status: 'whole',
      verified: receipts.length,
      receipts,
      ...(served.length === 0 ? {} : { served }),
      has: has.length,
      of,
    }
  }
  const { status = 'paused', durable = 0 } = arriving.get(file.id) ?? {}
  return { ...common, status: status === 'arriving' ? status : 'paused', offset: durable, verified: 0 }
}

const listOf = (times: ReadonlyMap<string, number>) => Array.from(times, ([name, at]) => ({ name, at }))

/** People with their hand-ins, and people who were present while the room collected and have none. */
export async function listHandIns({ context, request, reply, requester }: Exchange): Promise<FastifyReply> {
  return await requester.inRoom(paramsOf(request).room, async (session) => {
    const { people, ...head } = await session.handIns()
    await requester.payItems(
      people.reduce((sum, { files }) => sum + 1 + files.length, 0),
      session.room,
    )
    const arriving = arrivingNow(context)
    const rows = rowsOf(context, people, (person) => ({
      ...person,
      files: person.files.map((file) => rowOf(file, arriving, session, context.settings.basePath)),
    }))
    return await answerListing(context, request, reply, { head: { room: session.room, ...head }, list: 'people', rows })
  })
}

/** The receivers of a complete file, the members who may see it and have sent no receipt, and the present members who have it. */
export async function listReceipts(exchange: Exchange): Promise<FastifyReply> {
  const { reply, requester } = exchange
  const { room, file } = await findFile(exchange)
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { received, served, by } = file
  const { viewers, holders } = await requester.inRoom(room, async (session) => {
    await requester.payItems(session.members.length + received.size + served.size, room)
    return { viewers: session.viewersOf(file), holders: session.holdersOf(file) }
  })
  const waiting = new Set(viewers.map(({ name }) => name).filter((name) => name !== by.name && !received.has(name)))
  return reply.send({
    ...{ verified: listOf(received), waiting: [...waiting] },
    ...{ has: holders.has.map(({ name }) => name), served: listOf(served) },
  })
}

/** The requester has the complete file, which the digest proves. */
export async function addReceipt(exchange: Exchange): Promise<FastifyReply> {
  const { request, reply, requester } = exchange
  const { id, room, file } = await findFile(exchange)
  if (file.status !== 'whole') return refuse(reply, notFound)
  return await requester.inRoom(room, async (session) => {
    const { sha256 } = checked(bodies.receipt, request.body)
    if (sha256 !== file.file.sha256)
      return refuse(reply, { code: 'HASH_MISMATCH', message: 'these are not the bytes of this file; fetch it again' })
    accepted(await session.send({ type: 'receiveFile', file: id }))
    return reply.code(201).send({ sha256 })
  })
}
