import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { filePath, type Manifest, type Part, type RoomPart, roomPath } from '#bundle/manifest.ts'
import { encodeLine } from '#bundle/room-lines.ts'
import { PartChanged, writeBundle } from '#bundle/write-bundle.ts'
import { type Carried, carriedFacts } from '#domain/bundle/merge.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Journal } from '#domain/ports/journal.ts'
import { isMessage, type WholeFile } from '#domain/room/events.ts'
import { sizeText } from '#i18n/format.ts'
import { clusterOf } from '#storage/cluster/progress.ts'
import { errorCode, ignoreMissing, syncDirectory, writeAll } from '#system/files/file-system.ts'
import { baseOf, freshPartialFile } from '#system/files/partial-file.ts'
import { named } from '#system/files/publish.ts'
import { counted, printJson, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { failureOf } from './failures.ts'
import { hostSettings, isDataDirectory, isIntact, type Stores, withStores } from './stores.ts'

interface ExportFlags {
  readonly data?: string
  readonly room?: readonly string[]
  readonly json?: boolean
}

/** `tamtam export`. */
export const runExport = (path: string, flags: ExportFlags): Promise<void> => run(() => exportTo(path, flags))

async function exportTo(path: string, flags: ExportFlags): Promise<void> {
  const settings = hostSettings(flags.data === undefined ? {} : { data: flags.data })
  if (path === '-' && flags.json === true)
    throw new CommandFailed(exitCodes.usage, 'standard output is the bundle; leave out --json')
  if (!(await isDataDirectory(settings.directory)))
    throw new CommandFailed(exitCodes.notFound, forTerminal(`no host has kept anything in ${settings.directory}`))
  await withStores(settings, async (stores) => {
    const made = await exportBundle(stores, await roomsToExport(stores, flags.room))
    try {
      await writeNewFile(path, made.bytes)
    } catch (error) {
      if (!(error instanceof PartChanged)) throw error
      throw new CommandFailed(exitCodes.integrity, `nothing was written: ${error.message}`, { cause: error })
    }
    const isNode = (await clusterOf(settings.directory)) !== undefined
    await tell(path, made, flags, isNode ? 'are at other nodes of the cluster, or damaged' : 'are missing or damaged')
  })
}

async function roomsToExport({ journal }: Stores, names: readonly string[] | undefined): Promise<readonly string[]> {
  const rooms = [...(await journal.rooms()).keys()].toSorted()
  if (names === undefined) return rooms
  return [...new Set(names)].map((typed) => {
    const name = checkRoomName(typed)
    if (typeof name === 'string' && rooms.includes(name)) return name
    throw new CommandFailed(exitCodes.notFound, forTerminal(`there is no room ${typed} in this data directory`))
  })
}

/** `lost`: what became of bytes that are not there. */
async function tell(
  path: string,
  { manifest, leftOut, missing }: Export,
  { json }: ExportFlags,
  lost: string,
): Promise<void> {
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
    process.stderr.write(`left out ${forTerminal(file.name)} of ${room}: its bytes ${lost}\n`)
  throw new CommandFailed(exitCodes.integrity, 'the bundle is complete but for damaged data, which was left out')
}

export interface Export {
  readonly manifest: Manifest
  /** Whole files whose bytes have changed: they stay behind, with their receipts. */
  readonly leftOut: readonly { readonly room: string; readonly file: WholeFile }[]
  /** How many entries of a room's history are damaged, or were when the journal was opened once: they are in no bundle. */
  readonly missing: ReadonlyMap<string, number>
  /** The bundle; each piece is good until the next is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>
}

const PAGE_ENTRIES = 512

/**
 * Makes a bundle of rooms, all of it read twice: once for the digests that stand at its beginning, once to be written. Nobody else may
 * write into the stores meanwhile.
 */
export async function exportBundle({ journal, fileStore }: Stores, names: readonly string[]): Promise<Export> {
  const sources = new Map<string, WholeFile>()
  const damaged = new Map<string, WholeFile>()
  const leftOut: { room: string; file: WholeFile }[] = []
  for (const room of names) {
    for (const entry of carriedFacts(await journal.facts(room), new Set())) {
      if (entry.type !== 'fileCompleted') continue
      const { file } = entry
      if (sources.has(file.sha256)) continue
      if (await isIntact(fileStore, file)) sources.set(file.sha256, file)
      else {
        damaged.set(file.id, file)
        leftOut.push({ room, file })
      }
    }
  }
  // One name of the same bytes may be damaged and another whole.
  const without = new Set([...damaged.values()].filter(({ sha256 }) => !sources.has(sha256)).map(({ id }) => id))
  const files = Array.from(sources.values(), ({ sha256, size }) => ({ path: filePath(sha256), size, sha256 }))
  const rooms: RoomPart[] = []
  const missing = new Map<string, number>()
  for (const name of names) {
    rooms.push(await roomPart(journal, name, without, roomPath(rooms.length)))
    const count = await missingIn(journal, name)
    if (count > 0) missing.set(name, count)
  }
  const manifest = { rooms, files }
  return {
    manifest,
    leftOut: leftOut.filter(({ file }) => without.has(file.id)),
    missing,
    bytes: writeBundle(manifest, (part) => bytesOf(part)),
  }

  function bytesOf(part: Part): AsyncIterable<Uint8Array> {
    const room = rooms.find(({ path }) => path === part.path)
    if (room !== undefined) return lines(carriedEntries(journal, room.name, without))
    return fileStore.read(sources.get(part.sha256)?.id ?? '', 0, 'lent')
  }
}

async function roomPart(journal: Journal, name: string, without: ReadonlySet<string>, path: string): Promise<RoomPart> {
  const digest = createHash('sha256')
  let entries = 0
  let size = 0
  for await (const line of lines(carriedEntries(journal, name, without))) {
    entries++
    size += line.length
    digest.update(line)
  }
  return { path, name, entries, size, sha256: digest.digest('hex') }
}

/** How many sequences of a room's history no entry has. */
async function missingIn(journal: Journal, room: string): Promise<number> {
  const { first = 1, last = 0 } = (await journal.span(room)) ?? {}
  let missing = last - first + 1
  for (let at = first - 1; ; ) {
    const batches = await journal.read(room, at, PAGE_ENTRIES)
    for (const { entries } of batches) missing -= entries.length
    const newest = batches.at(-1)?.last
    if (newest === undefined) return Math.max(0, missing)
    at = newest
  }
}

/** In the room's order; of forgotten entries only the facts. */
async function* carriedEntries(journal: Journal, room: string, without: ReadonlySet<string>): AsyncGenerator<Carried> {
  const facts = carriedFacts(await journal.facts(room), without)
  let next = 0
  for (let after = 0; ; ) {
    const batches = await journal.read(room, after, PAGE_ENTRIES)
    const entries = batches.flatMap((batch) => batch.entries)
    for (const entry of entries) {
      for (; facts[next] !== undefined && facts[next]!.seq <= entry.seq; next++) yield facts[next]!
      if (isMessage(entry)) yield entry
    }
    const newest = entries.at(-1)
    if (newest === undefined) break
    after = newest.seq
  }
  yield* facts.slice(next)
}

async function* lines(entries: AsyncIterable<Carried>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) yield encodeLine(entry)
}

const MODE = 0o600
const DISK_SAYS_NO = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** Writes a new file, whose name appears once all of it is durable; never over another. `-` is standard output. */
export async function writeNewFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '-') {
    for await (const piece of bytes) await toOutput(piece)
    return
  }
  await mustBeFree(path)
  const part = await freshPartialFile(baseOf(path))
  const file = await claim(part)
  try {
    let size = 0
    for await (const piece of bytes) {
      await writeAll(file, piece, size)
      size += piece.length
    }
    await file.sync()
    await file.close()
    await named(part, path).catch(isTaken(path))
    await unlink(part).catch(ignoreMissing)
  } catch (error) {
    await file.close()
    await unlink(part).catch(ignoreMissing)
    if (!DISK_SAYS_NO.includes(errorCode(error) ?? '')) throw error
    throw new CommandFailed(
      exitCodes.disk,
      forTerminal(`${path} can't be written: its disk is full, or takes no file of this size; nothing of it is left`),
      { cause: error },
    )
  }
  await syncDirectory(dirname(path))
}

/** The reader of our output may be gone: that is an export that failed. */
function toOutput(piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(piece, (error) => (error ? reject(error) : resolve())))
}

/** Early, so that nobody waits for an archive whose name is taken. */
async function mustBeFree(path: string): Promise<void> {
  const file = await claim(path)
  await file.close()
  await unlink(path)
}

function claim(path: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants
  return open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, MODE).catch(isTaken(path))
}

const isTaken =
  (path: string) =>
  (error: unknown): never => {
    if (errorCode(error) !== 'EEXIST') throw failureOf(error, path)
    throw new CommandFailed(exitCodes.exists, forTerminal(`${path} is there already; choose another name`), {
      cause: error,
    })
  }
