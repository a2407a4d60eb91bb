import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ownCommand } from '#app/about.ts'
import { configDirectory } from '#app/config.ts'
import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import { Disconnected, isRefusal, type Refusal } from '#client/errors.ts'
import { isFolder, type SentPath, uploadPath } from '#client/folder-upload.ts'
import { DiskResumeStore, uploadPipe } from '#client/node-upload.ts'
import { listFiles, receiptsOf } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import type { KnownFile } from '#client/uploader.ts'
import { forTerminal } from '#domain/names/text.ts'
import { fileSizeText, titleOf, tookText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { type DiskPath, nameAt, pathsTyped, pathText } from '#system/files/disk-path.ts'
import { type Item, runBatch, type Told } from './batch.ts'
import { apiOf, counted, inputOf, print, printJson, runResumable, targetOf } from './command.ts'
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
  runResumable(() => send(address, paths, flags))

async function send(address: string, paths: readonly string[], flags: SendFlags): Promise<void> {
  const target = targetOf(address, process.env)
  if (flags.name !== undefined && paths.length > 1)
    throw new CommandFailed(exitCodes.usage, '--name is for one file only')
  const [first = ''] = paths
  if (!existsSync(first) && existsSync(address))
    throw new CommandFailed(
      exitCodes.usage,
      `${address} is a file here, and ${first} is none: the address comes first, ${ownCommand('send ADDRESS FILES')}`,
    )
  const api = apiOf(target)
  try {
    const { room } = target
    const items = itemsAt({ api, room, files: new RoomFileList(api, room) }, await pathsTyped(paths), flags)
    // The limit applies to all of them together.
    await runBatch('sent', items, flags, flags.limit === undefined ? AT_ONCE : 1)
  } finally {
    api.close()
  }
}

/** Small files spend most of their time waiting for the host. */
const AT_ONCE = 4

interface Destination {
  readonly api: ApiClient
  readonly room: string
  readonly files: RoomFileList
}

/** The files of the room, requested once, and those sent since. */
class RoomFileList {
  readonly #api: ApiClient
  readonly #room: string
  readonly #sent: KnownFile[] = []
  #listed: Promise<readonly KnownFile[] | Refusal> | undefined

  constructor(api: ApiClient, room: string) {
    this.#api = api
    this.#room = room
  }

  /** `again`: the earlier list is too old. */
  readonly get = async (again: boolean): Promise<readonly KnownFile[] | Refusal> => {
    if (again) this.#listed = undefined
    this.#listed ??= listFiles(this.#api, this.#room)
    const asked = this.#listed
    const files = await asked.catch((error: unknown) => {
      if (this.#listed === asked) this.#listed = undefined
      throw error
    })
    if (!isRefusal(files)) return [...files, ...this.#sent]
    if (this.#listed === asked) this.#listed = undefined
    return files
  }

  add(file: SentPath): void {
    this.#sent.push({ ...file, status: 'whole' })
  }
}

/** Other names of standard input. */
const INPUT = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']

const itemsAt = (to: Destination, paths: readonly DiskPath[], flags: SendFlags): readonly Item[] =>
  paths.map((path) => {
    const isInput = typeof path === 'string' && INPUT.includes(path)
    const name = isInput ? 'stdin' : nameAt(path)
    return {
      label: isInput ? '-' : forTerminal(pathText(path)),
      key: name,
      run: (come) => sendOne(to, isInput ? undefined : path, flags.name ?? name, flags, come),
    }
  })

/** `path` undefined: standard input. Throws if this file failed. */
async function sendOne(
  { api, room, files }: Destination,
  path: DiskPath | undefined,
  name: string,
  flags: SendFlags,
  come: Promise<void>,
): Promise<Told> {
  const startedAt = performance.now()
  const title = path !== undefined && (await isFolder(path)) ? `${name}/` : name
  const display = flags.quiet
    ? undefined
    : new ProgressDisplay(process.stderr, 'sending', title, flags.plain === true, come)
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
  const options = { api, room, settings: clientDefaults, retries, report, records, files: files.get, ...limit }
  let seen: Seen
  let file: SentPath
  let ms: number
  try {
    const sent = await (path === undefined ? uploadPipe(options, inputOf(process), meta) : sendPath(path))
    if (isRefusal(sent)) throw refused(name, sent)
    file = sent
    files.add(file)
    ms = performance.now() - startedAt
    seen = await waitForReceipts(api, file.id, flags, display)
  } catch (error) {
    display?.end()
    throw error
  }
  return async () => {
    display?.end()
    await reportSent(api, file, seen, ms, flags)
    const { skipped = [] } = file
    for (const { message } of skipped) process.stderr.write(`not sent: ${message}\n`)
    if (skipped.length > 0)
      throw new PartlyDone(`${forTerminal(titleOf(file))}: ${counted(skipped.length, 'path')} in it not sent`)
    const waiting = flags.wait ? seen.waiting : []
    if (waiting.length === 0) return file.already ? 'already' : 'done'
    throw new CommandFailed(exitCodes.timeout, forTerminal(`${name} has not been verified by ${waiting.join(', ')}`))
  }

  async function sendPath(path: DiskPath) {
    return await uploadPath(options, path, meta).catch((error: unknown) => {
      throw failureOf(error, forTerminal(pathText(path)))
    })
  }
}

async function reportSent(api: ApiClient, file: SentPath, seen: Seen, ms: number, flags: SendFlags) {
  const url = `${api.http.base}${api.filePath(file.id, `/${encodeURIComponent(file.name)}`)}`
  const { verified, waiting } = seen
  if (flags.json) await printJson({ type: 'sent', ...file, url, ms: Math.round(ms), verified, waiting })
  else await print(url)
  if (flags.quiet) return
  const present = verified.length + waiting.length
  const isTold = flags.wait ? present > 0 : verified.length > 0
  const receipts = isTold ? ` verified ${verified.length}/${present}` : ''
  const what = `${forTerminal(titleOf(file))} ${fileSizeText(file, translatorFor('en'))}`
  const how = file.already ? `already there: ${what}` : `sent ${what} in ${tookText(ms)}`
  process.stderr.write(`${how} sha256 ${file.sha256.slice(0, 4)}…${receipts}\n`)
}

/** The names of a file's receivers, and of the members without a receipt. */
interface Seen {
  readonly verified: readonly string[]
  readonly waiting: readonly string[]
}

const LOOK_MS = 200

/** Checks once who has verified the file, or until everybody has or the time is over. A host that cannot be asked ends it, too. */
async function waitForReceipts(
  api: ApiClient,
  id: string,
  { wait = false, timeout = Number.POSITIVE_INFINITY }: Pick<SendFlags, 'wait' | 'timeout'>,
  display: ProgressDisplay | undefined,
): Promise<Seen> {
  const until = performance.now() + timeout
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
    }
    if (!wait || performance.now() >= until) return seen
    await setTimeout(LOOK_MS)
  }
}
