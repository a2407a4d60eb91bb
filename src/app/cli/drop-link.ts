import type { Command } from 'commander'
import { isRefusal } from '#client/errors.ts'
import { roomAccess } from '#client/queries.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { minuteText } from '#i18n/format.ts'
import { asMember } from './as-member.ts'
import { print, printJson, type RoomTarget, runShowing, spanTyped, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

interface DropLinkFlags {
  readonly expires?: number
  readonly list?: boolean
  readonly off?: string
  readonly json?: boolean
}

export const addDropLink = (program: Command): Command =>
  program
    .command('drop-link')
    .description('for operators: an address by which anybody can hand in files to a room, and see nothing of it')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--expires <time>', 'how long it is valid, like 12h or 7d (7d)', spanTyped)
    .option('--list', 'print those that are valid')
    .option('--off <id>', 'take one back')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nIn a browser it is a page with a place for files and for a name. curl -T FILE LINK works as well, with -u NAME: for the name.',
    )
    .action((address: string, flags: DropLinkFlags) =>
      runShowing(() => dropLink(targetOf(address, process.env), flags)),
    )

async function dropLink(target: RoomTarget, { expires, list, off, json }: DropLinkFlags): Promise<void> {
  if ([expires, list, off].filter((flag) => flag !== undefined).length > 1)
    throw new CommandFailed(exitCodes.usage, '--expires, --list and --off exclude each other')
  await asMember(target, async (api) => {
    const access = roomAccess(api, target.room)
    const show = async ({ id, path, expiresAt }: DropLink) => {
      const url = `${api.http.base}${path}`
      if (json) await printJson({ type: 'dropLink', id, url, expiresAt })
      else if (list) await print(`${id}  ${url}  until ${minuteText(expiresAt)}`)
      else await print(url)
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
