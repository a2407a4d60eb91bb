import type { FastifyRequest } from 'fastify'
import type { RoomFile } from '#domain/room/state.ts'
import { admitted, requesterOf } from '../auth.ts'
import { HttpRefused, notFound } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import type { FileAddress } from './file-json.ts'

export interface FoundFile {
  readonly id: string
  readonly room: string
  readonly file: RoomFile
}

/**
 * The file that a request is about. Throws the same where there is none, where it is not for whoever asks, and where it is in a room
 * that they may not enter (C115).
 */
export async function findFile(parts: HttpParts, request: FastifyRequest): Promise<FoundFile> {
  const { id = '' } = request.params as FileAddress
  const found = await parts.engine.file(id, requesterOf(parts, request).member)
  if (found === undefined) throw new HttpRefused(notFound.code, notFound.message)
  return { id, ...found, room: await admitted(parts, request, found.room) }
}
