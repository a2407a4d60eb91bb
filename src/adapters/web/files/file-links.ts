import type { ApiClient } from '#client/api-client.ts'
import type { Refusal } from '#client/errors.ts'

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
export type Kind = 'picture' | 'text' | 'audio' | 'video'

const ENDINGS: Readonly<Record<Kind, RegExp>> = {
  picture: /\.(?:png|jpe?g|gif|webp)$/i,
  text: /\.(?:txt|md|log|csv|tsv|json|ya?ml|toml|ini|conf|diff|patch|py|js|ts|c|h|rs|go|java|sh|sql|tex|srt|vtt)$/i,
  audio: /\.(?:mp3|ogg|oga|opus|wav|m4a|aac|flac)$/i,
  video: /\.(?:mp4|m4v|webm|ogv|mov|mkv)$/i,
}

export const kindOf = (name: string): Kind | undefined =>
  (Object.keys(ENDINGS) as Kind[]).find((kind) => ENDINGS[kind].test(name))
