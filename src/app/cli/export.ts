import type { Command } from 'commander'
import { PartChanged } from '#bundle/write-bundle.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { sizeText } from '#i18n/size.ts'
import { type Export, exportBundle, type Stores } from './bundle/export-bundle.ts'
import { writeNewFile } from './bundle/new-file.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { hostSettings, isDataDirectory, withStores } from './stores.ts'
import { counted, printJson, run } from './verb.ts'

interface ExportFlags {
  readonly data?: string
  readonly room?: readonly string[]
  readonly json?: boolean
}

export const addExport = (program: Command): Command =>
  program
    .command('export')
    .description('write the rooms of a stopped host, with their files, into one verified bundle')
    .argument('<file>', 'where to write it, a new file; - is standard output')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--room <name>', 'only this room; may be given several times', (name, names: string[] = []) => [
      ...names,
      name,
    ])
    .option('--json', 'say what was written as a JSON object')
    .action((path: string, flags: ExportFlags) => run(() => exportTo(path, flags)))

async function exportTo(path: string, flags: ExportFlags): Promise<void> {
  const settings = hostSettings(flags.data === undefined ? {} : { data: flags.data })
  if (path === '-' && flags.json === true)
    throw new CommandFailed(exitCodes.usage, 'standard output is the bundle; leave out --json')
  if (!(await isDataDirectory(settings.directory)))
    throw new CommandFailed(exitCodes.notFound, forTerminal(`no host has kept anything in ${settings.directory}`))
  await withStores(settings, async (stores) => {
    const made = await exportBundle(stores, await roomsWanted(stores, flags.room))
    try {
      await writeNewFile(path, made.bytes)
    } catch (error) {
      if (!(error instanceof PartChanged)) throw error
      throw new CommandFailed(exitCodes.integrity, `nothing was written: ${error.message}`, { cause: error })
    }
    await tell(path, made, flags)
  })
}

async function roomsWanted({ journal }: Stores, names: readonly string[] | undefined): Promise<readonly string[]> {
  const rooms = [...(await journal.rooms()).keys()].toSorted()
  if (names === undefined) return rooms
  return [...new Set(names)].map((typed) => {
    const name = checkRoomName(typed)
    if (typeof name === 'string' && rooms.includes(name)) return name
    throw new CommandFailed(exitCodes.notFound, forTerminal(`there is no room ${typed} in this data directory`))
  })
}

async function tell(path: string, { manifest, leftOut, missing }: Export, { json }: ExportFlags): Promise<void> {
  const { rooms, files } = manifest
  const entries = rooms.reduce((sum, room) => sum + room.entries, 0)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (json === true)
    await printJson({
      ...{ type: 'exported', path, rooms: rooms.length, entries, files: files.length, bytes },
      ...(missing.size === 0 ? {} : { missed: Object.fromEntries(missing) }),
    })
  const what = `${counted(entries, 'entry', 'entries')} of ${counted(rooms.length, 'room')}, ${counted(files.length, 'file')} of ${sizeText(bytes)}`
  process.stderr.write(`exported ${what}\n`)
  if (leftOut.length === 0 && missing.size === 0) return
  for (const [room, count] of missing)
    process.stderr.write(`left out ${counted(count, 'entry', 'entries')} of ${room}: damaged in the journal\n`)
  for (const { room, file } of leftOut)
    process.stderr.write(`left out ${forTerminal(file.name)} of ${room}: its bytes are missing or damaged\n`)
  throw new CommandFailed(exitCodes.integrity, 'the bundle is whole but for what is damaged and stayed behind')
}
