import type { FastifyRequest } from 'fastify'
import type { RoomFile } from '../../../../domain/room/state.ts'
import { fileUrl } from '../../shared/file-url.ts'
import { asGuest } from '../guests.ts'
import type { HttpParts } from '../parts.ts'
import type { FileAddress } from './file-json.ts'

/** The files of a room, in the order in which they were offered. */
export async function list(parts: HttpParts, request: FastifyRequest): Promise<object> {
  const { room = '' } = request.params as FileAddress
  const files = await asGuest(parts, request, room, async (session) => session.files)
  return { files: await Promise.all(files.map((file) => rowOf(parts, file))) }
}

async function rowOf({ engine }: HttpParts, each: RoomFile): Promise<object> {
  const { file, by, at } = each
  const common = { ...file, by: by.name, byId: by.id, at, url: fileUrl(file) }
  if (each.status === 'whole') {
    const receipts = Array.from(each.received, ([name, at]) => ({ name, at }))
    return { ...common, status: 'whole', verified: receipts.length, receipts }
  }
  const transfer = await engine.transfer(file.id)
  const { status = 'paused', durable = 0 } = transfer ?? {}
  return { ...common, status: status === 'arriving' ? status : 'paused', offset: durable, verified: 0 }
}
