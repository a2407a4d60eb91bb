import { readFileSync } from 'node:fs'
import { lstat, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Option } from 'commander'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listHandIns } from '#client/queries.ts'
import type { Retries } from '#client/retries.ts'
import { skeleton } from '#domain/names/confusables.ts'
import { collisionKey, labelled, safeFileName } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { folderHolds } from '#folder/extract.ts'
import { sizeText } from '#i18n/format.ts'
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
  readonly expect?: Expected
  readonly csv?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

export const expectOption = (): Option =>
  new Option('--expect <file>', 'with --collected: who should hand in, one name a line').argParser(expectedIn)
export const csvOption = (): Option => new Option('--csv', 'with --collected: the table as CSV, on standard output')

/** Names of people who should hand in, by what they look like without blanks: as they are written. */
type Expected = ReadonlyMap<string, string>

function expectedIn(path: string): Expected {
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
export interface CollectedFile {
  readonly file: FileRow
  /** The name of their folder. */
  readonly folder: string
  /** The file's own name, with its time where it is not the newest of that name. */
  readonly as: string
  /** Why nothing can go there. */
  readonly failure?: CommandFailed
}

/** Folders for people, and the files for each: of one name the newest under that name, and those before it beside it, with their time. */
export async function collectedFiles(
  list: HandInList,
  directory: string,
): Promise<{ readonly files: readonly CollectedFile[]; readonly folders: ReadonlyMap<Person, string> }> {
  const folders = await foldersOf(list, directory)
  const files: CollectedFile[] = []
  for (const person of list.people) {
    const folder = folders.get(person) ?? ''
    const failure = await placeFault(join(directory, folder))
    const place = { folder, ...(failure === undefined ? {} : { failure }) }
    for (const versions of versionsOf(person)) {
      const [newest, ...earlier] = versions.toReversed()
      if (newest === undefined) continue
      const asEarlier = earlier
        .reverse()
        .map((file) => ({ ...place, file, as: labelled(nameOf(file), stamp(file.at)) }))
      if (failure === undefined) await makeWay(join(directory, folder), newest, asEarlier)
      files.push(...asEarlier, { ...place, file: newest, as: nameOf(newest) })
    }
  }
  return { files, folders }
}

type Person = HandInList['people'][number]

/** Files of somebody that can be had now, by name, each oldest first. One whose sender is away may never be whole. */
function versionsOf({ files }: Person): Iterable<FileRow[]> {
  const byName = new Map<string, FileRow[]>()
  for (const file of files) {
    if (file.status === 'paused') continue
    const key = collisionKey(nameOf(file))
    byName.set(key, [...(byName.get(key) ?? []), file])
  }
  return byName.values()
}

function nameOf({ name, id }: FileRow): string {
  const safe = safeFileName(name, id)
  return typeof safe === 'string' ? safe : id
}

/** Two of one name are kept apart by their ids, so that each has the same folder the next time, whoever else is there then. */
async function foldersOf({ people }: HandInList, directory: string): Promise<ReadonlyMap<Person, string>> {
  const folders = new Map<Person, string>()
  const taken = new Set<string>()
  for (const person of people) {
    if (person.files.length === 0) continue
    const safe = safeFileName(person.name, person.id ?? '')
    const plain = typeof safe === 'string' ? safe : 'person'
    const apart = `${plain} (${person.id?.slice(0, 6).toLowerCase() ?? 'no key'})`
    const isApart = taken.has(collisionKey(plain)) || (await exists(join(directory, apart)))
    const free = isApart && !taken.has(collisionKey(apart)) ? apart : plain
    let folder = free
    for (let number = 2; taken.has(collisionKey(folder)); number++) folder = `${free} (${number})`
    taken.add(collisionKey(folder))
    folders.set(person, folder)
  }
  return folders
}

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(ignoreMissing)) !== undefined

/** A link that lies there would lead elsewhere. */
async function placeFault(folder: string): Promise<CommandFailed | undefined> {
  const found = await lstat(folder).catch(ignoreMissing)
  if (found === undefined || found.isDirectory()) return undefined
  return new CommandFailed(exitCodes.exists, `${forTerminal(folder)} is no folder, and nothing is overwritten`)
}

/** What had the name until now moves to the name with its time, unless somebody has changed it: then the newer one gets a number. */
async function makeWay(folder: string, newest: FileRow, earlier: readonly CollectedFile[]): Promise<void> {
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

const two = (count: number): string => String(count).padStart(2, '0')

/** `2026-11-30 13.05`, by the clock of this machine: no file name has a colon. */
const stamp = (at: number, dot = '.'): string => {
  const time = new Date(at)
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}${dot}${two(time.getMinutes())}`
}

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
  folders?: ReadonlyMap<Person, string>,
): Promise<void> {
  const rows = rowsOf(list, flags.expect, folders)
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
  output.write(`${tableOf(rows)}${summaryOf(list, rows, missing, flags.expect !== undefined)}\n`)
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
    row.status === 'handed in' ? stamp(row.at ?? 0, ':') : row.status,
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
    : `\n(who was in the room and has left is known since ${stamp(knownSince, ':')}; --expect names who should hand in)`
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
