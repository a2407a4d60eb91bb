import type { ApiClient } from '#client/api-client.ts'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { roomPath } from '#client/queries.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import type { Room } from '../state/room.ts'

type Words = Pick<PageTranslator, 'refusal'>

/** The address of a file, for members who may see it without further credentials. */
export const plainLink = ({ id, name }: { readonly id: string; readonly name: string }): string =>
  `/files/${encodeURIComponent(id)}/${encodeURIComponent(name.toWellFormed())}`

/** A link that opens the file by itself for a while: a browser that follows or plays a link sends no headers. */
export const openLink = (api: ApiClient, id: string): Promise<{ readonly url: string } | Refusal> =>
  api.get(api.filePath(id, '/links'), linkIn, { method: 'POST' })

/** The same for an archive of all that was handed in to a room, for its operators; or with `.tar` in the place of `.zip`, as a tar. */
export const handInsLink = (api: ApiClient, room: string): Promise<{ readonly url: string } | Refusal> =>
  api.get(`/rooms/${encodeURIComponent(room)}/links?collected=1`, linkIn, { method: 'POST' })

/** The page and its host are of one build. */
const linkIn = (value: unknown) => value as { readonly url: string }

/** Lets the browser save a file, in its own way and with its own progress. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}

/** The way to preview a file, by its name's extension. The real type comes from its first bytes (C97). */
export type Kind = 'picture' | 'text' | 'audio' | 'video' | 'pdf'

const ENDINGS: Readonly<Record<Kind, RegExp>> = {
  picture: /\.(?:png|jpe?g|gif|webp|avif|svg)$/i,
  text: /\.(?:txt|md|log|csv|tsv|json|ya?ml|toml|ini|conf|diff|patch|py|js|ts|c|h|rs|go|java|sh|sql|tex|srt|vtt)$/i,
  audio: /\.(?:mp3|ogg|oga|opus|wav|m4a|aac|flac)$/i,
  video: /\.(?:mp4|m4v|webm|ogv|mov|mkv)$/i,
  pdf: /\.pdf$/i,
}

export const kindOf = (name: string): Kind | undefined =>
  (Object.keys(ENDINGS) as Kind[]).find((kind) => ENDINGS[kind].test(name))

/** The kinds that have colours of their own, by extension, in the order of the colours. */
const TILES = [
  [5, /^(?:pdf|ps|epub)$/],
  [2, /^(?:mp4|m4v|webm|ogv|mov|mkv|avi|doc|docx|odt|rtf)$/],
  [3, /^(?:mp3|ogg|oga|opus|wav|m4a|aac|flac)$/],
  [7, /^(?:zip|tar|gz|tgz|bz2|xz|zst|7z|rar|iso|dmg|deb|apk)$/],
  [0, /^(?:png|jpe?g|gif|webp|avif|svg|heic|xls|xlsx|ods|csv|tsv)$/],
] as const
const PLAIN = 11

/** A file's tile: its extension, and the number of its colour. */
export function tileOf({ name, folder }: MentionedFile): { readonly text: string; readonly hue: number } {
  if (folder !== undefined) return { text: '', hue: 7 }
  const [, ending = ''] = /\.([a-z0-9]{1,5})$/i.exec(name) ?? []
  return {
    text: ending.toUpperCase().slice(0, 4),
    hue: TILES.find(([, each]) => each.test(ending.toLowerCase()))?.[0] ?? PLAIN,
  }
}

/** Lets the browser save a file of the room; of a folder, an archive that everybody can open. Says why it can't. */
export async function saveFile(room: Room, { id, name, folder }: MentionedFile, words: Words): Promise<void> {
  const link = await openLink(room.store.api, id)
  if (isRefusal(link)) return room.notices.add(words.refusal(link), 'wrong')
  const ending = folder === undefined ? '' : '.zip'
  saveFrom(link.url.replace(/(?=\?|$)/, ending), name + ending)
}

/** An address takes no more ids than that: of more files everything is saved. */
const MOST_IDS = 150

/** The same of the room's files as one archive; `only` some of them, by their ids. */
export async function saveArchive(room: Room, only: readonly string[], words: Words): Promise<void> {
  const query = only.length === 0 || only.length > MOST_IDS ? '' : `?only=${only.join(',')}`
  const link = await room.store.api.get(`${roomPath(room.name)}/links${query}`, linkIn, { method: 'POST' })
  if (isRefusal(link)) return room.notices.add(words.refusal(link), 'wrong')
  saveFrom(link.url, `${room.name}.zip`)
}
