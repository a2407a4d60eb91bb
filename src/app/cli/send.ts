import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { configDirectory } from '#app/config.ts'
import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import { Disconnected, isRefusal } from '#client/errors.ts'
import { DiskResumeStore, uploadFile, uploadPipe } from '#client/node-upload.ts'
import { receiptsOf } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import type { SentFile } from '#client/uploader.ts'
import { numbered } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { sizeText, tookText } from '#i18n/format.ts'
import { type DiskPath, diskPath, inside, nameAt, pathsTyped, pathText } from '#system/files/disk-path.ts'
import { type Item, runBatch } from './batch.ts'
import {
  apiOf,
  inputOf,
  print,
  printJson,
  type RoomTarget,
  rateOf,
  runResumable,
  secondsOf,
  targetOf,
} from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { failureOf, refused } from './failures.ts'
import { ProgressDisplay } from './progress.ts'

interface SendFlags {
  readonly limit?: number
  readonly wait?: boolean
  readonly timeout?: number
  readonly name?: string
  readonly to?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly plain?: boolean
}

export const addSend = (program: Command): Command =>
  program
    .command('send')
    .description(
      'put files into a room, whole folders too; goes on where an earlier attempt, of whatever client, ended',
    )
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('<files...>', 'files, folders and pipes; - sends standard input')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--wait', 'wait until all present members have verified it')
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--name <name>', 'the name of the file in the room')
    .option('--to <nick>', 'for this one person in the room only')
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the link of each file. A failure does not stop the others: it is reported, and the exit code is its own, or 6 where several failed\n' +
        'in several ways. Called again it sends the missing ones. A file is sent as it was when it was opened, even if it is written to.',
    )
    .action((address: string, paths: string[], flags: SendFlags) =>
      runResumable(() => send(targetOf(address, process.env), paths, flags)),
    )

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
  for (const typed of paths) {
    if (typeof typed === 'string' && INPUT.includes(typed)) {
      yield itemOf(room, undefined, flags.name ?? 'stdin', flags)
      continue
    }
    let found = 0
    for await (const there of filesAt(typed)) {
      const label = forTerminal(pathText(there.path))
      if (there.type === 'skipped') process.stderr.write(`skipped ${label}: it ${there.why}\n`)
      else found++
      if (there.type === 'file') yield itemOf(room, there.path, flags.name ?? there.name, flags)
      if (there.type === 'failed') yield { label, run: () => Promise.reject(failureOf(there.error, label)) }
    }
    if (found > 0) continue
    const label = forTerminal(pathText(typed))
    const empty = new CommandFailed(exitCodes.notFound, `there is no file to send in ${label}`)
    yield { label, run: () => Promise.reject(empty) }
  }
}

const itemOf = (room: RoomApi, path: DiskPath | undefined, name: string, flags: SendFlags): Item => ({
  label: path === undefined ? '-' : forTerminal(pathText(path)),
  run: () => sendOne(room, path, name, flags),
})

/** `path` undefined: standard input. Throws where this file failed. */
async function sendOne(
  { api, room }: RoomApi,
  path: DiskPath | undefined,
  name: string,
  flags: SendFlags,
): Promise<'done' | 'already'> {
  const startedAt = performance.now()
  const display = flags.quiet ? undefined : new ProgressDisplay(process.stderr, 'sending', name, flags.plain === true)
  const meta = { name, ...(flags.to === undefined ? {} : { to: flags.to }) }
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const report = display?.report ?? (() => {})
  const retries = new Retries(clientDefaults, {
    ...(flags.timeout === undefined ? {} : { giveUpMs: flags.timeout }),
    report: (retry) => report({ type: 'retry', ...retry }),
  })
  const records = new DiskResumeStore(join(configDirectory(process.env), 'unfinished'))
  const options = { api, room, settings: clientDefaults, retries, report, records, ...limit }
  let seen: Seen
  let file: SentFile
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
  if (!flags.wait || seen.waiting.length === 0) return file.already ? 'already' : 'done'
  throw new CommandFailed(exitCodes.timeout, forTerminal(`${name} has not been verified by ${seen.waiting.join(', ')}`))

  async function sendPath(path: DiskPath) {
    return await uploadFile(options, path, meta).catch((error: unknown) => {
      throw failureOf(error, forTerminal(pathText(path)))
    })
  }
}

async function reportSent(api: ApiClient, file: SentFile, seen: Seen, ms: number, flags: SendFlags) {
  const url = `${api.http.base}${api.filePath(file.id, `/${encodeURIComponent(file.name)}`)}`
  if (flags.json) await printJson({ type: 'sent', ...file, url, ms: Math.round(ms), ...seen })
  else await print(url)
  if (flags.quiet) return
  const present = seen.verified.length + seen.waiting.length
  const verified = present === 0 ? '' : ` verified ${seen.verified.length}/${present}`
  const what = `${forTerminal(file.name)} ${sizeText(file.size)}`
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

/** One file of those that a path stands for, or why something there can't be one. */
export type Found =
  | { readonly type: 'file'; readonly path: DiskPath; readonly name: string }
  /** Left out on purpose: symbolic links in a folder may lead anywhere, and special files never end. */
  | { readonly type: 'skipped'; readonly path: DiskPath; readonly why: string }
  /** With the system's error. */
  | { readonly type: 'failed'; readonly path: DiskPath; readonly error: unknown }

export type FileToSend = Extract<Found, { readonly type: 'file' }>

/** The files that a path stands for: itself, or all in a folder, each named with its way inside (`photos - 2024 - a.jpg`). */
export async function* filesAt(path: DiskPath): AsyncGenerator<Found> {
  let found: Stats | undefined
  try {
    found = await stat(path)
  } catch {
    // Reading it reports the error.
  }
  const name = nameAt(path)
  if (found?.isDirectory()) yield* filesIn(path, name)
  else yield { type: 'file', path, name }
}

async function* filesIn(folder: DiskPath, name: string): AsyncGenerator<Found> {
  let entries: Dirent<Buffer>[]
  try {
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    yield { type: 'failed', path: folder, error }
    return
  }
  const sorted = entries.sort((one, other) => Buffer.compare(one.name, other.name))
  const taken = new Set(sorted.map((entry) => entry.name.toString()))
  for (const entry of sorted) {
    const path = inside(folder, entry.name)
    const at = { path, name: `${name} - ${nameOf(entry.name, taken)}` }
    if (entry.isFile()) yield { type: 'file', ...at }
    else if (entry.isDirectory()) yield* filesIn(path, at.name)
    else yield { type: 'skipped', path, why: entry.isSymbolicLink() ? 'is a symbolic link' : 'is a special file' }
  }
}

/** One that had to be changed is kept apart from those that are called so. */
function nameOf(bytes: Buffer, taken: Set<string>): string {
  const name = nameAt(diskPath(bytes))
  if (name === bytes.toString()) return name
  let free = name
  for (let number = 2; taken.has(free); number++) free = numbered(name, number)
  taken.add(free)
  return free
}
