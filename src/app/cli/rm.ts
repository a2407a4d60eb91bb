import { ownCommand } from '#app/about.ts'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { listFiles, removeMessage } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { removeFile } from '#client/tus.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { clientDefaults } from '../defaults.ts'
import { apiOfAsker } from './as-member.ts'
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
  const { room } = target
  const api = await apiOfAsker(target)
  const retries = new Retries(clientDefaults, { report: reportFirstRetry })
  try {
    for (const what of wanted) {
      const removed = await retries.until(() => removeOne(api, room, what))
      if (isRefusal(removed)) throw refused(what, removed)
      if (json) await printJson({ type: 'removed', ...removed })
      else process.stderr.write(`removed ${forTerminal(what)}\n`)
    }
  } finally {
    api.close()
  }
}

async function removeOne(api: ApiClient, room: string, what: string): Promise<object | Refusal> {
  const [, number] = /^#(\d{1,15})$/.exec(what) ?? []
  if (number !== undefined) {
    const refusal = await removeMessage(api, room, Number(number))
    return refusal ?? { seq: Number(number) }
  }
  const files = await listFiles(api, room)
  if (isRefusal(files)) return files
  const found = wantedFile(
    files.toSorted((one, other) => other.at - one.at),
    what,
  )
  if (typeof found === 'string') throw new CommandFailed(exitCodes.notFound, noneCalled(what, found))
  const { id, name } = found
  const refusal = await removeFile(api, id)
  return refusal ?? { id, name }
}

const noneCalled = (what: string, found: 'none' | 'several'): string =>
  found === 'none'
    ? `there is no file ${forTerminal(what)} in this room; ${ownCommand('ls')} lists them`
    : `several files begin with ${forTerminal(what)}; type more of the id`
