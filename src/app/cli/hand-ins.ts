import { readFileSync } from 'node:fs'
import { lstat, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listHandIns } from '#client/queries.ts'
import type { Retries } from '#client/retries.ts'
import { skeleton } from '#domain/names/confusables.ts'
import { forTerminal } from '#domain/names/text.ts'
import { type CollectedFile, collected, nameOf } from '#domain/room/hand-ins.ts'
import { folderHolds } from '#folder/extract.ts'
import { fileTimeText, sizeText } from '#i18n/format.ts'
import type { FileRow, HandInList } from '#protocol/schema.ts'
import { errorCode, ignoreMissing } from '#system/files/file-system.ts'
import { type Content, holds, named } from '#system/files/publish.ts'
import { textOf } from '#system/files/text.ts'
import { widthOf } from '#terminal/cells.ts'
import { counted, print, printJson } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

/** The flags of commands that tell who has handed in what. */
export interface HandInFlags {
  /** Path of the list. */
  readonly expect?: string
  readonly csv?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Names of people who should hand in, by what they look like without blanks: as they are written. */
type Expected = ReadonlyMap<string, string>

/** Those on a list, to be read before anything else is done. */
export function expectedIn(path: string | undefined): Expected | undefined {
  if (path === undefined) return undefined
  try {
    const text = textOf(readFileSync(path))
    if (typeof text !== 'string') throw new CommandFailed(exitCodes.usage, `${forTerminal(path)}: ${text.message}`)
    const names = text.split(/\r?\n/).map((line) => line.trim())
    return new Map(names.filter((name) => name !== '').map((name) => [likeness(name), name]))
  } catch (error) {
    if (error instanceof CommandFailed) throw error
    const why = errorCode(error) ?? String(error)
    throw new CommandFailed(exitCodes.notFound, forTerminal(`${path}: the list of names can't be read (${why})`), {
      cause: error,
    })
  }
}

/** `Budi Santoso` on a list is `budi_santoso` in a room, where names have no blanks. */
const likeness = (name: string): string => skeleton(name).replace(/[\s._-]+/g, '')

export async function readHandIns(api: ApiClient, retries: Retries, room: string): Promise<HandInList> {
  const found = await retries.until(() => listHandIns(api, room))
  if (isRefusal(found)) throw refused(room, found)
  return found
}

// Files

/** A file of somebody, and where it goes. */
export interface PlacedFile extends CollectedFile<FileRow> {
  /** Why nothing can go there. */
  readonly failure?: CommandFailed
}

/** Folders for people below `directory`, and the files for each, newest versions last. */
export async function collectedFiles(
  list: HandInList,
  directory: string,
): Promise<{ readonly files: readonly PlacedFile[]; readonly folders: ReadonlyMap<Person, string> }> {
  const there = new Set((await readdir(directory).catch(ignoreMissing)) ?? [])
  const { folders, versions } = collected<FileRow, Person>(list.people, {
    // One whose sender is away may never be whole.
    isWanted: ({ status }) => status !== 'paused',
    isThere: (folder) => there.has(folder),
    timeText: fileTimeText,
  })
  const files: PlacedFile[] = []
  for (const { newest, earlier } of versions) {
    const folder = join(directory, newest.folder)
    const failure = await placeFault(folder)
    if (failure === undefined) await makeWay(folder, newest.file, earlier)
    for (const file of [...earlier, newest]) files.push({ ...file, ...(failure === undefined ? {} : { failure }) })
  }
  return { files, folders }
}

type Person = HandInList['people'][number]

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(ignoreMissing)) !== undefined

/** A link that lies there would lead elsewhere. */
async function placeFault(folder: string): Promise<CommandFailed | undefined> {
  const found = await lstat(folder).catch(ignoreMissing)
  if (found === undefined || found.isDirectory()) return undefined
  return new CommandFailed(exitCodes.exists, `${forTerminal(folder)} is no folder, and nothing is overwritten`)
}

/** What had the name until now moves to the name with its time, unless somebody has changed it: then the newer one gets a number. */
async function makeWay(folder: string, newest: FileRow, earlier: readonly CollectedFile<FileRow>[]): Promise<void> {
  for (const { file, as } of earlier) {
    const content = contentOf(file)
    const [before, after] = [join(folder, nameOf(file)), join(folder, as)]
    const isAt = file.folder === undefined ? holds : folderHolds
    if (content === undefined || content.sha256 === newest.sha256 || !(await isAt(before, content))) continue
    const isThere = await exists(after)
    if (isThere && (file.folder !== undefined || !(await isAt(after, content)))) continue
    if (file.folder !== undefined) {
      await rename(before, after)
      continue
    }
    if (!isThere) await named(before, after)
    await unlink(before).catch(ignoreMissing)
  }
}

const contentOf = ({ size, sha256 }: FileRow): Content | undefined =>
  size === undefined || sha256 === undefined ? undefined : { size, sha256 }

// The table

interface Row {
  readonly name: string
  readonly id?: string
  readonly status: 'handed in' | 'arriving' | 'nothing'
  readonly files: number
  readonly bytes: number
  /** When the newest of them came. */
  readonly at?: number
  readonly isHere: boolean
  /** Left out where there is no list of who is. */
  readonly isExpected?: boolean
  readonly folder?: string
}

/** Says who has handed in and who has not, as the flags want it; `folders`: where the files of each were put. */
export async function printHandIns(
  list: HandInList,
  flags: HandInFlags,
  output: NodeJS.WritableStream,
  expected: Expected | undefined,
  folders?: ReadonlyMap<Person, string>,
): Promise<void> {
  const rows = rowsOf(list, expected, folders)
  const missing = rows.filter(({ status, isExpected }) => status !== 'handed in' && isExpected !== false)
  if (flags.csv) {
    // `print` ends the last line.
    await print(csvOf(rows).slice(0, -1))
    return
  }
  if (flags.json) {
    for (const row of rows) await printJson({ type: 'person', ...row })
    const { people: _, ...facts } = list
    const handedIn = rows.filter(({ status }) => status === 'handed in').length
    await printJson({ type: 'handIns', ...facts, handedIn, missing: missing.map(({ name }) => name) })
    return
  }
  if (flags.quiet && output !== process.stdout) return
  output.write(`${tableOf(rows)}${summaryOf(list, rows, missing, expected !== undefined)}\n`)
}

function rowsOf({ people }: HandInList, expected?: Expected, folders?: ReadonlyMap<Person, string>): readonly Row[] {
  const found = people.map((person): Row => {
    const { name, id, isHere, files } = person
    const whole = files.filter(({ status }) => status === 'whole')
    const at = whole.at(-1)?.at
    const folder = folders?.get(person)
    return {
      ...{ name, ...(id === undefined ? {} : { id }) },
      status: whole.length > 0 ? 'handed in' : files.length > 0 ? 'arriving' : 'nothing',
      files: whole.length,
      bytes: whole.reduce((sum, { size }) => sum + (size ?? 0), 0),
      ...(at === undefined ? {} : { at }),
      isHere,
      ...(expected === undefined ? {} : { isExpected: expected.has(likeness(name)) }),
      ...(folder === undefined ? {} : { folder }),
    }
  })
  const there = new Set(people.map(({ name }) => likeness(name)))
  const absent = [...(expected ?? [])].flatMap(([key, name]): Row[] =>
    there.has(key) ? [] : [{ name, status: 'nothing', files: 0, bytes: 0, isHere: false, isExpected: true }],
  )
  const all = [...found, ...absent].sort((one, other) => one.name.localeCompare(other.name))
  return [...all.filter(({ status }) => status !== 'nothing'), ...all.filter(({ status }) => status === 'nothing')]
}

function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const cells = rows.map((row) => [
    forTerminal(row.folder ?? row.name),
    row.status === 'handed in' ? String(row.files) : '-',
    row.status === 'handed in' ? sizeText(row.bytes) : '-',
    row.status === 'handed in' ? fileTimeText(row.at ?? 0, ':') : row.status,
    [...(row.isHere ? ['here'] : []), ...(row.isExpected === false ? ['not on the list'] : [])].join(', '),
  ])
  const table = [['NAME', 'FILES', 'SIZE', 'LAST', ''], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => widthOf(row[column] ?? ''))))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))).join('  ')
  return table.map((row) => `${line(row).trimEnd()}\n`).join('')
}

function summaryOf(
  { knownSince }: HandInList,
  rows: readonly Row[],
  missing: readonly Row[],
  hasList: boolean,
): string {
  const counts = rows.filter(({ isExpected }) => isExpected !== false)
  const done = counts.filter(({ status }) => status === 'handed in').length
  const names = missing.map(({ name }) => forTerminal(name)).join(', ')
  const not = missing.length === 0 ? '' : `; not yet: ${names}`
  const of = hasList
    ? `${counted(counts.length, 'person', 'people')} on the list`
    : counted(counts.length, 'person', 'people')
  // Nobody should take silence for everybody.
  const since = hasList
    ? ''
    : `\n(who was in the room and has left is known since ${fileTimeText(knownSince, ':')}; --expect names who should hand in)`
  return `${done} of ${of} handed in${not}${since}`
}

const COLUMNS = ['name', 'status', 'files', 'bytes', 'last', 'here', 'expected', 'id'] as const

/** As RFC 4180 has it. */
function csvOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, status, files, bytes, at, isHere, isExpected, id = '' }) => [
    ...[name, status, String(files), String(bytes), at === undefined ? '' : new Date(at).toISOString()],
    ...[isHere ? 'yes' : 'no', isExpected === undefined ? '' : isExpected ? 'yes' : 'no', id],
  ])
  return [COLUMNS, ...lines].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('')
}

/** A cell that a spreadsheet would take for a formula is a text there by its apostrophe: a name is somebody else's. */
export function csvCell(text: string): string {
  const safe = /^[\s\p{Cf}]*[=+\-@|%]|^[\t\r\n]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
