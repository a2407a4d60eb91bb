import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { RunParts } from '../parts.ts'
import { namedFiles } from '../sftp/names.ts'

// Files do not come between the lines of a chat: what is said instead is the line that moves them, to be typed at the client's own shell.

/** The line that gets a file of the room. */
export function scpFrom(of: RunParts, session: LocalSession, file: MentionedFile): string {
  const { name = file.name } = namedFiles(session.files).find((each) => each.file.file.id === file.id) ?? {}
  return `scp ${portOption('-P', of)}${quoted(`${addressOf(of)}:${session.room}/${name}`)} .`
}

/** The line that sends one into the room. */
export const scpTo = (of: RunParts, session: LocalSession, path: string): string =>
  `scp ${portOption('-P', of)}${quoted(path)} ${quoted(`${addressOf(of)}:${session.room}/`)}`

/** The line by which somebody else comes in. */
export const sshInto = (of: RunParts, { room }: LocalSession): string =>
  `ssh ${portOption('-p', of)}NAME/${room}@${placeOf(of).host.replace(/^\[|\]$/g, '')}`

const addressOf = (of: RunParts): string => `${of.identity.nick}@${placeOf(of).host}`

const portOption = (option: string, of: RunParts): string => `${option} ${placeOf(of).port} `

/** As the client has reached the host, where that is known. */
function placeOf({ incoming: { base = '' } }: RunParts): { readonly host: string; readonly port: string } {
  const [, host = 'HOST', port = 'PORT'] = /^\w+:\/\/(.+):(\d+)$/.exec(base) ?? []
  return { host, port }
}

/** For a shell that reads quotes as POSIX has them. */
const quoted = (word: string): string => {
  const shown = forTerminal(word)
  return /^[\w@%+=:,./[\]-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`
}
