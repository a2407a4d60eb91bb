import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { ApiClient } from '#client/api-client.ts'
import { downloadFile, type FileToSave, type SavedFile, type Target } from '#client/downloader.ts'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { tookText } from '#i18n/duration.ts'
import { sizeText } from '#i18n/size.ts'
import { errorCode } from '#system/files/file-system.ts'
import { SaveFolder } from '#system/files/publish.ts'
import { clientDefaults } from '../defaults.ts'
import { runBatch } from './batch.ts'
import { filesWanted } from './choose.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { failureOf, refused } from './failing.ts'
import { openStream, streamFile } from './get-stream.ts'
import { ProgressDisplay } from './progress.ts'
import {
  apiOf,
  print,
  printJson,
  type RoomTarget,
  rateOf,
  reportFirstRetry,
  runResumable,
  secondsOf,
  targetOrFileOf,
} from './verb.ts'

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
    .option('-o, --output <path>', 'save under this very name, or write into this pipe or device; - is standard output')
    .option('--save <dir>', 'the folder to save into, as terima_<name> (here)')
    .option('--all', 'every file of the room, but those whose sender is away')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the path of each file. Nothing is ever overwritten, and what is here already is not brought again, so that the same command brings\n' +
        'what is missing. A file that can not be had keeps no other back. A half file of another program goes on when it is\n' +
        'called <path>.part: tamtam get -o talk.pdf … goes on with talk.pdf.part.',
    )
    .action((address: string, names: string[], flags: GetFlags) =>
      runResumable(() => get(targetOrFileOf(address, process.env), names, flags)),
    )

async function get(target: RoomTarget, names: readonly string[], flags: GetFlags): Promise<void> {
  if (flags.output !== undefined && /^$|\/$/.test(flags.output))
    throw new CommandFailed(exitCodes.usage, '-o takes the name of a file; --save takes folders')
  if (flags.save === '') throw new CommandFailed(exitCodes.usage, '--save takes the name of a folder; . is this one')
  const api = apiOf(target)
  if (target.file?.ticket !== undefined) api.addTicket(target.file.id, target.file.ticket)
  try {
    const files = await filesWanted(
      api,
      new Retries(clientDefaults, { ...patience(flags), report: reportFirstRetry }),
      target,
      names,
      flags.all === true,
    )
    if (flags.output !== undefined && files.length > 1)
      throw new CommandFailed(exitCodes.usage, '-o is for one file only; --save names a folder')
    const folder = new SaveFolder(flags.save ?? '.')
    const items = files.map((wanted) => ({
      label: forTerminal(wanted.name),
      run: () => ('failure' in wanted ? Promise.reject(wanted.failure) : getOne(api, wanted, folder, flags)),
    }))
    await runBatch('got', items, flags)
  } finally {
    api.close()
  }
}

async function getOne(
  api: ApiClient,
  file: FileToSave,
  folder: SaveFolder,
  flags: GetFlags,
): Promise<'done' | 'already'> {
  const startedAt = performance.now()
  const display = flags.quiet
    ? undefined
    : new ProgressDisplay(process.stderr, 'getting', file.name, flags.plain === true)
  const report = display?.report ?? (() => {})
  const retries = new Retries(clientDefaults, {
    ...patience(flags),
    report: (retry) => report({ type: 'retry', ...retry }),
  })
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const options = { api, retries, report, ...limit }
  const got = await bring().finally(() => display?.end())
  if (isRefusal(got)) throw refused(file.name, got)
  const ms = performance.now() - startedAt
  // Of a file that was written to standard output nothing else may be there.
  const ended = got.already ? 'already' : 'done'
  if (got.path === undefined) return ended
  if (flags.json) await printJson({ type: 'got', ...got, ms: Math.round(ms) })
  else await print(forTerminal(got.path))
  if (flags.quiet) return ended
  const what = `${forTerminal(got.name)} ${sizeText(got.size)}`
  const how = got.already ? `already here: ${what}` : `got ${what} in ${tookText(ms)}`
  process.stderr.write(`${how} sha256 ${got.sha256.slice(0, 4)}… verified\n`)
  return ended

  async function bring(): Promise<(WholeFile & Partial<SavedFile>) | Refusal> {
    const { output } = flags
    const stream = output === undefined ? undefined : await openStream(output)
    if (stream !== undefined) return await streamFile(options, file, stream).finally(() => stream.close())
    const target: Target = output === undefined ? { folder } : { path: output }
    return await downloadFile(options, file, target).catch((error: unknown) => {
      throw notSaved(error, output === undefined ? folder.path : dirname(output))
    })
  }
}

/** What keeps a folder from taking any file at all, and what to do about it. */
function notSaved(error: unknown, folder: string): unknown {
  const failure = failureOf(error)
  if (!(failure instanceof CommandFailed) || !(error instanceof Error)) return failure
  const why = NO_FOLDER[errorCode(error) ?? '']
  if (why === undefined) return failure
  const exitCode = ['ENOTDIR', 'EEXIST'].includes(errorCode(error) ?? '') ? exitCodes.exists : failure.exitCode
  return new CommandFailed(
    exitCode,
    forTerminal(`nothing can be saved in ${folder}: ${why}; --save names another folder`),
    {
      cause: error,
    },
  )
}

const NO_FOLDER: Readonly<Record<string, string>> = {
  EACCES: 'you have no right to write there',
  EPERM: 'you have no right to write there',
  EROFS: 'it can only be read',
  ENOTDIR: 'something in this path is a file, and no folder',
  EEXIST: 'it is a file, and no folder',
}

const patience = ({ timeout }: GetFlags) => (timeout === undefined ? {} : { giveUpMs: timeout })
