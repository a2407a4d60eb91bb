import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { configDirectory } from '#app/config.ts'
import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import { Disconnected, isRefusal } from '#client/errors.ts'
import { isFolder, type SentPath, uploadPath } from '#client/folder-upload.ts'
import { DiskResumeStore, uploadPipe } from '#client/node-upload.ts'
import { receiptsOf } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import { fileSizeText, titleOf, tookText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { type DiskPath, nameAt, pathsTyped, pathText } from '#system/files/disk-path.ts'
import { type Item, runBatch } from './batch.ts'
import { apiOf, counted, inputOf, print, printJson, type RoomTarget, runResumable, targetOf } from './command.ts'
import { CommandFailed, exitCodes, PartlyDone } from './exit-codes.ts'
import { failureOf, refused } from './failures.ts'
import { ProgressDisplay } from './progress.ts'

interface SendFlags {
  readonly limit?: number
  readonly wait?: boolean
  readonly timeout?: number
  readonly name?: string
  readonly to?: string
  /** Seconds. */
  readonly expires?: number
  readonly json?: boolean
  readonly quiet?: boolean
  readonly plain?: boolean
}

/** `tamtam send`. */
export const runSend = (address: string, paths: string[], flags: SendFlags): Promise<void> =>
  runResumable(() => send(targetOf(address, process.env), paths, flags))

async function send(target: RoomTarget, paths: readonly string[], flags: SendFlags): Promise<void> {
  if (flags.name !== undefined && paths.length > 1)
    throw new CommandFailed(exitCodes.usage, '--name is for one file only')
  const api = apiOf(target)
  try {
    await runBatch('sent', itemsAt({ api, room: target.room }, await pathsTyped(paths), flags), flags)
  } finally {
    api.close()
  }
}

interface RoomApi {
  readonly api: ApiClient
  readonly room: string
}

/** Other names of standard input. */
const INPUT = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']

async function* itemsAt(room: RoomApi, paths: readonly DiskPath[], flags: SendFlags): AsyncGenerator<Item> {
  for (const path of paths) {
    const isInput = typeof path === 'string' && INPUT.includes(path)
    yield isInput ? itemOf(room, undefined, 'stdin', flags) : itemOf(room, path, nameAt(path), flags)
  }
}

const itemOf = (room: RoomApi, path: DiskPath | undefined, name: string, flags: SendFlags): Item => ({
  label: path === undefined ? '-' : forTerminal(pathText(path)),
  run: () => sendOne(room, path, flags.name ?? name, flags),
})

/** `path` undefined: standard input. Throws where this file failed. */
async function sendOne(
  { api, room }: RoomApi,
  path: DiskPath | undefined,
  name: string,
  flags: SendFlags,
): Promise<'done' | 'already'> {
  const startedAt = performance.now()
  const title = path !== undefined && (await isFolder(path)) ? `${name}/` : name
  const display = flags.quiet ? undefined : new ProgressDisplay(process.stderr, 'sending', title, flags.plain === true)
  const meta = {
    name,
    ...(flags.to === undefined ? {} : { to: flags.to }),
    ...(flags.expires === undefined ? {} : { expiresInSeconds: flags.expires }),
  }
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const report = display?.report ?? (() => {})
  const retries = new Retries(clientDefaults, {
    ...(flags.timeout === undefined ? {} : { giveUpMs: flags.timeout }),
    report: (retry) => report({ type: 'retry', ...retry }),
  })
  const records = new DiskResumeStore(join(configDirectory(process.env), 'unfinished'))
  const options = { api, room, settings: clientDefaults, retries, report, records, ...limit }
  let seen: Seen
  let file: SentPath
  let ms: number
  try {
    const sent = await (path === undefined ? uploadPipe(options, inputOf(process), meta) : sendPath(path))
    if (isRefusal(sent)) throw refused(name, sent)
    file = sent
    ms = performance.now() - startedAt
    seen = await waitForReceipts(api, file.id, flags, display)
  } finally {
    display?.end()
  }
  await reportSent(api, file, seen, ms, flags)
  const { skipped = [] } = file
  for (const { message } of skipped) process.stderr.write(`not sent: ${message}\n`)
  if (skipped.length > 0)
    throw new PartlyDone(`${forTerminal(titleOf(file))}: ${counted(skipped.length, 'path')} in it not sent`)
  if (!flags.wait || seen.waiting.length === 0) return file.already ? 'already' : 'done'
  throw new CommandFailed(exitCodes.timeout, forTerminal(`${name} has not been verified by ${seen.waiting.join(', ')}`))

  async function sendPath(path: DiskPath) {
    return await uploadPath(options, path, meta).catch((error: unknown) => {
      throw failureOf(error, forTerminal(pathText(path)))
    })
  }
}

async function reportSent(api: ApiClient, file: SentPath, seen: Seen, ms: number, flags: SendFlags) {
  const url = `${api.http.base}${api.filePath(file.id, `/${encodeURIComponent(file.name)}`)}`
  if (flags.json) await printJson({ type: 'sent', ...file, url, ms: Math.round(ms), ...seen })
  else await print(url)
  if (flags.quiet) return
  const present = seen.verified.length + seen.waiting.length
  const verified = present === 0 ? '' : ` verified ${seen.verified.length}/${present}`
  const what = `${forTerminal(titleOf(file))} ${fileSizeText(file, translatorFor('en'))}`
  const how = file.already ? `already there: ${what}` : `sent ${what} in ${tookText(ms)}`
  process.stderr.write(`${how} sha256 ${file.sha256.slice(0, 4)}…${verified}\n`)
}

/** The names of a file's receivers, and of the members without a receipt. */
export interface Seen {
  readonly verified: readonly string[]
  readonly waiting: readonly string[]
}

const SHORT_MS = 1000
const LOOK_MS = 200

/** Looks until all have verified the file, or for a moment, or for as long as was asked for. A host that can't be asked ends it, too. */
export async function waitForReceipts(
  api: ApiClient,
  id: string,
  { wait, timeout }: { readonly wait?: boolean; readonly timeout?: number },
  display: ProgressDisplay | undefined,
): Promise<Seen> {
  const until = performance.now() + (wait ? (timeout ?? Number.POSITIVE_INFINITY) : SHORT_MS)
  let seen: Seen = { verified: [], waiting: [] }
  while (true) {
    const answer = await receiptsOf(api, id).catch((error: unknown) => {
      if (error instanceof Disconnected) return undefined
      throw error
    })
    if (answer !== undefined && !isRefusal(answer)) {
      seen = { verified: answer.verified.map(({ name }) => name), waiting: answer.waiting }
      display?.receipts(seen.verified.length, seen.verified.length + seen.waiting.length)
      if (seen.waiting.length === 0) return seen
    } else if (!wait) return seen
    if (performance.now() >= until) return seen
    await setTimeout(LOOK_MS)
  }
}
