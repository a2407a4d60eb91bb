import type { Command } from 'commander'
import { isRefusal, type Refusal } from '../../adapters/client/failures.ts'
import { downloadFile, type Target } from '../../adapters/client/file-download.ts'
import { HostLink } from '../../adapters/client/host-link.ts'
import { Retries } from '../../adapters/client/retries.ts'
import { tookText } from '../../adapters/words/duration.ts'
import { sizeText } from '../../adapters/words/size.ts'
import type { WholeFile } from '../../domain/room/events.ts'
import { forTerminal } from '../../domain/text/terminal.ts'
import { clientDefaults } from '../defaults.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import { type FileToGet, filesWanted } from './choose.ts'
import { failureOf, refused } from './failing.ts'
import { streamFile } from './get-stream.ts'
import { ProgressDisplay } from './progress.ts'
import { type Place, placeOrFileOf, print, printJson, rateOf, runResumable, secondsOf, tellFirstRetry } from './verb.ts'

interface GetFlags {
  readonly output?: string
  readonly save?: string
  readonly all?: boolean
  readonly limit?: number
  readonly timeout?: number
  readonly json?: boolean
  readonly quiet?: boolean
  readonly plain?: boolean
}

export const addGet = (program: Command): Command =>
  program
    .command('get')
    .description('bring files of a room here, verified, also while they are still arriving; goes on where it ended')
    .argument('[address]', '[name@]host[:port][/room], or the link of a file', 'localhost')
    .argument('[names...]', 'file names, or the first signs of their ids; without one the newest file')
    .option('-o, --output <path>', 'save under this very name; - writes to standard output')
    .option('--save <dir>', 'the folder to save into, as terima_<name> (here)')
    .option('--all', 'every file of the room, but those whose sender is away')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the path of each file. Nothing is ever overwritten. A half file of another program goes on when it is called <path>.part:\n' +
        'tamtam get -o talk.pdf … goes on with talk.pdf.part.',
    )
    .action((address: string, names: string[], flags: GetFlags) =>
      runResumable(() => get(placeOrFileOf(address, process.env), names, flags)),
    )

async function get(place: Place, names: readonly string[], flags: GetFlags): Promise<void> {
  const link = new HostLink(place, clientDefaults)
  if (place.file?.ticket !== undefined) link.opensBy(place.file.id, place.file.ticket)
  try {
    const files = await filesWanted(
      link,
      new Retries(clientDefaults, { ...patience(flags), tell: tellFirstRetry }),
      place,
      names,
      flags.all === true,
    )
    if (flags.output !== undefined && files.length > 1)
      throw new CommandFailed(exitCodes.usage, '-o is for one file only; --save names a folder')
    let first: unknown
    for (const file of files) {
      const failure = await getOne(link, file, flags).catch(failureOf)
      if (failure === undefined) continue
      if (!(failure instanceof CommandFailed) || failure.exitCode === exitCodes.incomplete) throw failure
      if (first !== undefined) process.stderr.write(`tamtam: ${(first as Error).message}\n`)
      first = failure
    }
    if (first !== undefined) throw first
  } finally {
    link.close()
  }
}

async function getOne(link: HostLink, file: FileToGet, flags: GetFlags): Promise<undefined> {
  const startedAt = performance.now()
  const display = flags.quiet
    ? undefined
    : new ProgressDisplay(process.stderr, 'getting', file.name, flags.plain === true)
  const tell = display?.tell ?? (() => {})
  const retries = new Retries(clientDefaults, {
    ...patience(flags),
    tell: (retry) => tell({ type: 'retry', ...retry }),
  })
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const options = { link, retries, tell, ...limit }
  const target: Target = flags.output === undefined ? { directory: flags.save ?? '.' } : { path: flags.output }
  const got: (WholeFile & { readonly path?: string }) | Refusal = await (flags.output === '-'
    ? streamFile(options, file)
    : downloadFile(options, file, target)
  ).finally(() => display?.end())
  if (isRefusal(got)) throw refused(file.name, got)
  const ms = performance.now() - startedAt
  // Of a file that was written to standard output nothing else may be there.
  if (got.path === undefined) return
  if (flags.json) await printJson({ type: 'got', ...got, ms: Math.round(ms) })
  else await print(forTerminal(got.path))
  if (flags.quiet) return
  const what = `${forTerminal(got.name)} ${sizeText(got.size)} in ${tookText(ms)}`
  process.stderr.write(`got ${what} sha256 ${got.sha256.slice(0, 4)}… verified\n`)
}

const patience = ({ timeout }: GetFlags) => (timeout === undefined ? {} : { giveUpMs: timeout })
