import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { forTerminal } from '#domain/names/text.ts'
import { bundleDefaults, engineDefaults } from '../defaults.ts'
import { type Imported, importBundle } from './bundle/import-bundle.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { hostSettings, withStores } from './stores.ts'
import { counted, inputOf, printJson, run } from './verb.ts'

interface ImportFlags {
  readonly data?: string
  readonly json?: boolean
}

export const addImport = (program: Command): Command =>
  program
    .command('import')
    .description('merge a bundle into what a stopped host keeps; what is there already is not brought twice')
    .argument('<file>', 'a bundle that tamtam export wrote; - is standard input')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--json', 'say what was brought as a JSON object')
    .action((path: string, flags: ImportFlags) => run(() => importFrom(path, flags)))

async function importFrom(path: string, flags: ImportFlags): Promise<void> {
  const settings = hostSettings(flags.data === undefined ? {} : { data: flags.data })
  const { config } = settings
  const limits = {
    ...engineDefaults,
    ...bundleDefaults,
    roomFileBytes: config.roomQuota,
    fileDays: config.keepDays,
  }
  const file = path === '-' ? undefined : await open(path, 'r')
  if ((await file?.stat())?.isDirectory())
    throw new CommandFailed(exitCodes.notFound, forTerminal(`${path}: it is a folder, and no bundle`))
  const source: AsyncIterable<Uint8Array> = file?.createReadStream() ?? inputOf(process)
  const imported = await withStores(settings, (stores) => importBundle(source, stores, limits))
  if (flags.json === true) await printJson({ type: 'imported', ...imported })
  process.stderr.write(`${told(imported)}\n`)
}

const told = ({ rooms, messages, files }: Imported): string =>
  rooms === 0
    ? 'nothing in it is new here'
    : `imported ${counted(messages, 'message')} and ${counted(files, 'file')} into ${counted(rooms, 'room')}`
