import { isRefusal } from '#client/errors.ts'
import { roomAccess } from '#client/queries.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { linkTo, minuteText } from '#i18n/format.ts'
import { asMember } from './as-member.ts'
import { print, printJson, type RoomTarget, runShowing, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

interface DropLinkFlags {
  readonly expires?: number
  readonly list?: boolean
  readonly off?: string
  readonly json?: boolean
}

/** `tamtam drop-link`. */
export const runDropLink = (address: string, flags: DropLinkFlags): Promise<void> =>
  runShowing(() => dropLink(targetOf(address, process.env), flags))

async function dropLink(target: RoomTarget, { expires, list, off, json }: DropLinkFlags): Promise<void> {
  if ([expires, list, off].filter((flag) => flag !== undefined).length > 1)
    throw new CommandFailed(exitCodes.usage, '--expires, --list and --off exclude each other')
  await asMember(target, async (api) => {
    const access = roomAccess(api, target.room)
    const show = async ({ id, path, expiresAt }: DropLink) => {
      const url = linkTo(api.http.base, path)
      if (json) await printJson({ type: 'dropLink', id, url, expiresAt })
      else if (list) await print(`${id}  ${url}  until ${minuteText(expiresAt)}`)
      else {
        await print(url)
        process.stderr.write(`valid until ${minuteText(expiresAt)}\n`)
      }
    }
    if (off !== undefined) {
      const why = await access.revokeDropLink(off)
      if (why !== undefined) throw refused(off, why)
      return
    }
    const links = list ? await access.dropLinks() : await access.addDropLink(expires)
    if (isRefusal(links)) throw refused(target.room, links)
    for (const link of Array.isArray(links) ? links : [links]) await show(link)
  })
}
