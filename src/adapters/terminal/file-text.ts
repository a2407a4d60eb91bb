import { wantedFile } from '#domain/names/file-name.ts'
import { failureText } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { refusalFor } from '#domain/room/moderation.ts'
import { submissionsOf } from '#domain/room/visibility.ts'
import type { RoomSession } from '#domain/session.ts'
import { shortId, sizeText } from '#i18n/format.ts'
import { audienceText } from '#i18n/render-event.ts'
import type { RoomClient } from './room-client.ts'

/** `/files`: what there is, oldest first. */
export async function showFiles(client: RoomClient): Promise<undefined> {
  const files = (await client.session.listFiles()).toSorted((one, other) => one.at - other.at)
  if (files.length === 0) client.notice('noFiles')
  for (const found of files) {
    const { file, by } = found
    const gaps = {
      id: shortId(file.id),
      file: file.name,
      name: by.name,
      for: audienceText(file.audience, client.words),
    }
    if (found.status === 'offered') client.notice('fileOnItsWay', gaps)
    else client.notice('fileWhole', { ...gaps, size: sizeText(found.file.size, client.words.language) })
  }
}

/** `/collect`: what has come from whom, and from whom nothing has. */
export async function showCollection(client: RoomClient): Promise<string | undefined> {
  const { session, words } = client
  const why = refusalFor(roleIn(session) ?? 'member', 'startCollection')
  if (why !== undefined) return client.refused(why)
  const { files, missing } = submissionsOf(await session.listFiles(), session.members, session.collectingSince)
  client.notice('collected', { count: files.length })
  for (const found of files) {
    const gaps = { id: shortId(found.file.id), file: found.file.name, name: found.by.name, for: '' }
    if (found.status === 'offered') client.notice('fileOnItsWay', gaps)
    else client.notice('fileWhole', { ...gaps, size: sizeText(found.file.size, words.language) })
  }
  if (missing.length > 0) client.notice('nothingFrom', { names: missing.map(({ name }) => name).join(', ') })
  return undefined
}

/** `/send`: to all, or to one. Answers the code of a refusal, as those below do. */
export async function sendFile(client: RoomClient, path: string, to: string | undefined): Promise<string | undefined> {
  const { session, words } = client
  const name = /[^/\\]*$/.exec(path.replace(/[/\\]+$/, ''))?.[0] ?? path
  const refused = (why: string, code: string) => client.failed(code, 'notSent', { file: path, why })
  const collects = session.collectingSince !== undefined && roleIn(session) === undefined
  try {
    const sent = await client.transfers.send(path, name, to)
    if ('type' in sent) return refused(words.refusal(sent), sent.code)
    client.sent(sent.id)
    client.attention.ring()
    const told = { file: sent.name, size: sizeText(sent.size, words.language), digest: sent.sha256 }
    if (to === undefined && !collects) client.notice('sent', told)
    else client.notice('sentTo', { ...told, to: to ?? words.say('staff') })
    return undefined
  } catch (error) {
    return refused(failureText(error), 'FAILED')
  }
}

const roleIn = ({ members, member }: RoomSession) => members.find(({ id }) => id === member.id)?.role

/** `/get`: by name, the newest of that name, or by the beginning of an id. */
export async function getFile(client: RoomClient, wanted: string): Promise<string | undefined> {
  const newest = (await client.session.listFiles()).toSorted((one, other) => other.at - one.at)
  const files: readonly MentionedFile[] = newest.map(({ file }) => file)
  const file = wantedFile(files, wanted)
  if (typeof file === 'string')
    return client.failed('NO_SUCH_FILE', file === 'none' ? 'noSuchFile' : 'severalFiles', { file: wanted })
  if (!client.transfers.isComing(file.id)) return await client.receive(file)
  client.notice('alreadyComing', { file: file.name })
  return undefined
}
