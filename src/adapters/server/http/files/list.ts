import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RoomFile } from '#domain/room/state.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { COSTS, priceOfItems } from '#server/connection/costs.ts'
import { fileUrl } from '#server/connection/file-url.ts'
import { asGuest, pay } from '../auth.ts'
import { answerListing, rowsOf } from '../pages.ts'
import type { HttpParts } from '../parts.ts'
import type { FileAddress } from './file-json.ts'

/** The files of a room, in the order in which they were offered. */
export async function list(parts: HttpParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { room = '' } = request.params as FileAddress
  return await asGuest(parts, request, room, async ({ files }) => {
    const receipts = files.reduce((sum, each) => sum + (each.status === 'whole' ? each.received.size : 0), 0)
    await pay(parts, request, priceOfItems(COSTS.files, files.length + receipts), room)
    const arriving = new Map(parts.engine.transfers.map((transfer) => [transfer.id, transfer]))
    const rows = rowsOf(parts, files, (file) => rowOf(file, arriving))
    return await answerListing(parts, request, reply, { list: 'files', rows })
  })
}

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
