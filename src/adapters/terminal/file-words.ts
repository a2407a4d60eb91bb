import type { RoomFile } from '../../domain/room/state.ts'
import { sizeText } from '../words/size.ts'
import { shortId } from './event-words.ts'
import type { RoomClient } from './room-client.ts'

const LEAST_ID_CHARS = 4

/** `/files`: what there is, oldest first. */
export async function showFiles(client: RoomClient): Promise<void> {
  const files = (await client.session.listFiles()).toSorted((one, other) => one.at - other.at)
  if (files.length === 0) client.notice('noFiles')
  for (const found of files) {
    const { file, by } = found
    const gaps = { id: shortId(file.id), file: file.name, name: by.name }
    if (found.status === 'offered') client.notice('fileOnItsWay', gaps)
    else client.notice('fileWhole', { ...gaps, size: sizeText(found.file.size, client.words.language) })
  }
}

/** `/get`: by name, the newest of that name, or by the beginning of an id. */
export async function getFile(client: RoomClient, wanted: string): Promise<void> {
  const found = chosen(await client.session.listFiles(), wanted)
  if (typeof found === 'string') return client.notice(found, { file: wanted })
  const { file } = found
  if (client.transfers.isComing(file.id)) return client.notice('alreadyComing', { file: file.name })
  await client.receive(file)
}

function chosen(files: readonly RoomFile[], wanted: string): RoomFile | 'noSuchFile' | 'severalFiles' {
  const newest = files.toSorted((one, other) => other.at - one.at)
  const byName = newest.find(({ file }) => file.name === wanted)
  if (byName !== undefined) return byName
  const byId = wanted.length < LEAST_ID_CHARS ? [] : newest.filter(({ file }) => file.id.startsWith(wanted))
  const [only] = byId
  if (only === undefined) return 'noSuchFile'
  return byId.length === 1 ? only : 'severalFiles'
}
