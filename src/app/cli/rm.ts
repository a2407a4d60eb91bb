import { ownCommand } from '#app/about.ts'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listFiles, removeMessage } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { removeFile } from '#client/tus.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { FileRow } from '#protocol/schema.ts'
import { clientDefaults } from '../defaults.ts'
import { asGuestOrMember } from './as-member.ts'
import { printJson, type RoomTarget, reportFirstRetry, run, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

/** `tamtam rm`. */
export const runRm = (address: string, what: string[], flags: { readonly json?: boolean }): Promise<void> =>
  run(() => remove(targetOf(address, process.env), what, flags))

async function remove(
  target: RoomTarget,
  wanted: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  let left = wanted
  await asGuestOrMember(target, async (api, isLast) => {
    const retries = new Retries(clientDefaults, { report: reportFirstRetry })
    const kept: string[] = []
    for (const what of left) {
      const removed = await removeOne(api, retries, target.room, what)
      if (removed instanceof CommandFailed) {
        if (isLast) throw removed
        kept.push(what)
      } else if (json) await printJson({ type: 'removed', ...removed })
      else process.stderr.write(`removed ${forTerminal(what)}\n`)
    }
    left = kept
    return left.length === 0
  })
}

async function removeOne(
  api: ApiClient,
  retries: Retries,
  room: string,
  what: string,
): Promise<object | CommandFailed> {
  const [, number] = /^#(\d{1,15})$/.exec(what) ?? []
  if (number !== undefined) {
    const refusal = await retries.until(async () => (await removeMessage(api, room, Number(number))) ?? {})
    return isRefusal(refusal) ? refused(what, refusal) : { seq: Number(number) }
  }
  const files = await retries.until(() => listFiles(api, room))
  if (isRefusal(files)) return refused(what, files)
  const newest = files.toSorted((one, other) => other.at - one.at)
  const found = wantedFile(newest, what)
  if (typeof found === 'string') return new CommandFailed(exitCodes.notFound, noneCalled(newest, what, found))
  const { id, name } = found
  const refusal = await retries.until(async () => (await removeFile(api, id)) ?? {})
  return isRefusal(refusal) ? refused(what, refusal) : { id, name }
}

function noneCalled(files: readonly FileRow[], what: string, found: 'none' | 'several'): string {
  if (found === 'several') return `several files begin with ${forTerminal(what)}; type more of the id`
  if (/^\d+$/.test(what))
    return `there is no file ${what} in this room; ${ownCommand('ls')} lists them, and a message is '#${what}'`
  const [, folderName = ''] = /^([^/]+)\/./.exec(what) ?? []
  const folder = wantedFile(files, folderName)
  if (typeof folder === 'object' && folder.folder !== undefined)
    return forTerminal(
      `${what}: a folder is removed as a whole; remove ${folder.name}/, and send it again without that file`,
    )
  return `there is no file ${forTerminal(what)} in this room; ${ownCommand('ls')} lists them`
}
