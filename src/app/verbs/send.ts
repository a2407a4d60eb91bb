import { join } from 'node:path'
import type { Command } from 'commander'
import { isRefusal } from '../../adapters/client/failures.ts'
import { uploadFile } from '../../adapters/client/file-upload.ts'
import { HttpSession } from '../../adapters/client/http-session.ts'
import { OwnUploads } from '../../adapters/client/own-uploads.ts'
import { Retries } from '../../adapters/client/retries.ts'
import { tookText } from '../../adapters/words/duration.ts'
import { sizeText } from '../../adapters/words/size.ts'
import type { WholeFile } from '../../domain/room/events.ts'
import { forTerminal } from '../../domain/text/terminal.ts'
import { configDirectory } from '../config.ts'
import { clientDefaults } from '../defaults.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import { failureOf, refused } from './failing.ts'
import { ProgressDisplay } from './progress.ts'
import { type Seen, waitForReceipts } from './receipts.ts'
import { type FileToSend, filesAt } from './tree.ts'
import { type Place, placeOf, print, printJson, rateOf, runResumable, secondsOf } from './verb.ts'

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
    .argument('<files...>', 'files and folders; - sends what standard input says')
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
      '\nPrints the link of each file. Exits with 6 when it has to be called again to go on, with 7 when bytes arrived wrong.',
    )
    .action((address: string, paths: string[], flags: SendFlags) =>
      runResumable(() => send(placeOf(address, process.env), paths, flags)),
    )

async function send(place: Place, paths: readonly string[], flags: SendFlags): Promise<void> {
  if (flags.name !== undefined && paths.length > 1)
    throw new CommandFailed(exitCodes.usage, '--name is for one file only')
  const giveUp = flags.timeout === undefined ? {} : { giveUpMs: flags.timeout }
  const session = new HttpSession(place, place.room, clientDefaults, giveUp)
  let first: unknown
  try {
    for (const path of paths)
      for await (const file of pathsOf(path, flags)) {
        const failure = await sendOne(session, file, flags).catch(failureOf)
        if (failure === undefined) continue
        if (!(failure instanceof CommandFailed) || ending.has(failure.exitCode)) throw failure
        // The others may well go; how the first one failed is how the command ends.
        if (first !== undefined) process.stderr.write(`tamtam: ${(first as Error).message}\n`)
        first = failure
      }
  } finally {
    session.close()
  }
  if (first !== undefined) throw first
}

const ending: ReadonlySet<number> = new Set([exitCodes.unreachable, exitCodes.incomplete])

async function* pathsOf(path: string, flags: SendFlags): AsyncGenerator<FileToSend> {
  if (path === '-') {
    yield { path, name: flags.name ?? 'stdin' }
    return
  }
  let found = 0
  const skipped = (what: string, why: string) => process.stderr.write(`skipped ${forTerminal(what)}: it ${why}\n`)
  for await (const file of filesAt(path, skipped)) {
    found++
    yield flags.name === undefined ? file : { ...file, name: flags.name }
  }
  if (found === 0) throw new CommandFailed(exitCodes.notFound, `there is no file to send in ${forTerminal(path)}`)
}

/** Answers nothing; throws what ends this file. */
async function sendOne(session: HttpSession, { path, name }: FileToSend, flags: SendFlags): Promise<undefined> {
  const startedAt = performance.now()
  const display = flags.quiet ? undefined : new ProgressDisplay(process.stderr, 'sending', name, flags.plain === true)
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const addressed = flags.to === undefined ? {} : { to: flags.to }
  const tell = display?.tell ?? (() => {})
  let seen: Seen
  let file: WholeFile
  let ms: number
  try {
    const sent = path === '-' ? await sendInput(session, name, tell, flags) : await sendPath()
    if (isRefusal(sent)) throw refused(name, sent)
    file = sent
    ms = performance.now() - startedAt
    seen = await waitForReceipts(session.link, file.id, flags, display)
  } finally {
    display?.end()
  }
  await tellSent(session, file, seen, ms, flags)
  if (!flags.wait || seen.waiting.length === 0) return
  throw new CommandFailed(exitCodes.timeout, forTerminal(`${name} has not been verified by ${seen.waiting.join(', ')}`))

  async function sendPath() {
    const giveUp = flags.timeout === undefined ? {} : { giveUpMs: flags.timeout }
    const retries = new Retries(clientDefaults, { ...giveUp, tell: (retry) => tell({ type: 'retry', ...retry }) })
    const own = new OwnUploads(join(configDirectory(process.env), 'unfinished'))
    const options = { link: session.link, retries, tell, own, ...limit }
    return await uploadFile(options, session.room, path, { name, ...addressed })
  }
}

async function sendInput(session: HttpSession, name: string, tell: ProgressDisplay['tell'], { limit, to }: SendFlags) {
  const upload = session.upload(process.stdin, { name, ...(to === undefined ? {} : { to }) }, limit)
  upload.progress$.subscribe(tell)
  return await upload.done
}

async function tellSent(session: HttpSession, file: WholeFile, seen: Seen, ms: number, flags: SendFlags) {
  const { link } = session
  const url = `${link.place.way.base}${link.filePath(file.id, `/${encodeURIComponent(file.name)}`)}`
  if (flags.json) await printJson({ type: 'sent', ...file, url, ms: Math.round(ms), ...seen })
  else await print(url)
  if (flags.quiet) return
  const present = seen.verified.length + seen.waiting.length
  const verified = present === 0 ? '' : ` verified ${seen.verified.length}/${present}`
  const what = `${forTerminal(file.name)} ${sizeText(file.size)} in ${tookText(ms)}`
  process.stderr.write(`sent ${what} sha256 ${file.sha256.slice(0, 4)}…${verified}\n`)
}
