import type { FastifyReply } from 'fastify'
import type { Member } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import * as bodies from '#protocol/schema.ts'
import { fileUrl } from '../../security/signed-links.ts'
import type { Exchange, HttpContext } from '../auth.ts'
import { accepted, notFound, refuse } from '../errors.ts'
import { checked, paramsOf } from '../input.ts'
import { answerListing, rowsOf } from '../streams.ts'
import { findFile } from './links.ts'

/** The files of a room, in the order in which they were offered, with their receipts. */
export async function listFiles({ context, request, reply, requester }: Exchange): Promise<FastifyReply> {
  return await requester.inRoom(paramsOf(request).room, async ({ room, files }) => {
    const receipts = files.reduce((sum, each) => sum + (each.status === 'whole' ? each.received.size : 0), 0)
    await requester.payItems(files.length + receipts, room)
    const arriving = arrivingNow(context)
    const rows = rowsOf(context, files, (file) => rowOf(file, arriving))
    return await answerListing(context, request, reply, { list: 'files', rows })
  })
}

const arrivingNow = ({ engine }: HttpContext): ReadonlyMap<string, TransferActor> =>
  new Map(engine.transfers.map((transfer) => [transfer.id, transfer]))

function rowOf(each: RoomFile, arriving: ReadonlyMap<string, TransferActor>): object {
  const { file, by, at } = each
  const common = { ...file, by: by.name, byId: by.id, at, url: fileUrl(file) }
  if (each.status === 'whole') {
    const receipts = Array.from(each.received, ([name, at]) => ({ name, at }))
    return { ...common, status: 'whole', verified: receipts.length, receipts }
  }
  const { status = 'paused', durable = 0 } = arriving.get(file.id) ?? {}
  return { ...common, status: status === 'arriving' ? status : 'paused', offset: durable, verified: 0 }
}

/** Who has handed in what, and who was there while the room collected and has not. */
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
      files: person.files.map((file) => rowOf(file, arriving)),
    }))
    return await answerListing(context, request, reply, { head: { room: session.room, ...head }, list: 'people', rows })
  })
}

/** The receivers of the whole file, and the members who may see it and have sent no receipt. */
export async function listReceipts(exchange: Exchange): Promise<FastifyReply> {
  const { reply, requester } = exchange
  const { room, file } = await findFile(exchange)
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { received, by } = file
  const viewers = await requester.inRoom(room, async (session) => {
    await requester.payItems(session.members.length + received.size, room)
    return session.viewersOf(file)
  })
  const without = viewers.filter(({ name }) => name !== by.name && !received.has(name))
  const namesOf = (members: readonly Member[]) => [...new Set(members.map(({ name }) => name))]
  const owners = namesOf(without.filter(({ role }) => role === 'owner'))
  return reply.send({
    verified: Array.from(received, ([name, at]) => ({ name, at })),
    waiting: namesOf(without),
    ...(owners.length === 0 ? {} : { owners }),
  })
}

/** The requester has the file whole, and proves it by the digest. */
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
