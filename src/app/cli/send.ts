import { join } from 'node:path'
import type { Command } from 'commander'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { DiskResumeStore, uploadFile, uploadPipe } from '#client/node-upload.ts'
import { Retries } from '#client/retries.ts'
import type { SentFile } from '#client/uploader.ts'
import { forTerminal } from '#domain/names/text.ts'
import { tookText } from '#i18n/duration.ts'
import { sizeText } from '#i18n/size.ts'
import { type DiskPath, pathsTyped, pathText } from '#system/files/disk-path.ts'
import { configDirectory } from '../config.ts'
import { clientDefaults } from '../defaults.ts'
import { type Item, runBatch } from './batch.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { failureOf, refused } from './failing.ts'
import { ProgressDisplay } from './progress.ts'
import { type Seen, waitForReceipts } from './receipts.ts'
import { filesAt } from './tree.ts'
import { apiOf, inputOf, print, printJson, type RoomTarget, rateOf, runResumable, secondsOf, targetOf } from './verb.ts'

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
    .argument('<files...>', 'files, folders and pipes; - sends what standard input says')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--wait', 'wait until all who are in the room have verified it')
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--name <name>', 'what the file is called in the room')
    .option('--to <nick>', 'for this one person in the room only')
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the link of each file. What can not be sent keeps nothing else back: it is named, and the exit code is its own, or 6 where several failed\n' +
        'in several ways. Called again it sends what is missing. A file goes as it was when it was opened, though it be written to.',
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

/** Other names of what comes in by itself. */
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

/** `path` undefined: standard input. Throws what ends this file. */
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
