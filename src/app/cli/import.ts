import { open } from 'node:fs/promises'
import { fileLimitsOf } from '#app/config.ts'
import { bundleDefaults, engineDefaults } from '#app/defaults.ts'
import { BadBundle } from '#bundle/bad-bundle.ts'
import { BundleReader } from '#bundle/bundle-reader.ts'
import type { BundleLimits, Manifest, RoomPart } from '#bundle/manifest.ts'
import { readLines } from '#bundle/room-lines.ts'
import { type Carried, hold, Merge, nothingHeld } from '#domain/bundle/merge.ts'
import { findFacts } from '#domain/engine/found-facts.ts'
import type { RetentionLimits } from '#domain/engine/limits.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { fileTooLarge, noSpace } from '#domain/file-limits.ts'
import { forTerminal, sizeText } from '#domain/names/text.ts'
import {
  type BoundedFileStore,
  type FileStore,
  FileStoreFailed,
  type FileWriter,
  hasBound,
} from '#domain/ports/file-store.ts'
import type { Journal } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import { type FileCompleted, isMessage, type WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { refuseCopy } from '#storage/cluster/progress.ts'
import { digest } from '#storage/digest.ts'
import { counted, inputOf, printJson, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { hostSettings, type Stores, withStores } from './stores.ts'

interface ImportFlags {
  readonly data?: string
  readonly json?: boolean
}

/** `tamtam import`. */
export const runImport = (path: string, flags: ImportFlags): Promise<void> => run(() => importFrom(path, flags))

async function importFrom(path: string, flags: ImportFlags): Promise<void> {
  const settings = hostSettings(flags.data === undefined ? {} : { data: flags.data })
  const { config } = settings
  const limits = {
    ...engineDefaults,
    ...bundleDefaults,
    ...fileLimitsOf(config),
  }
  const file = path === '-' ? undefined : await open(path, 'r')
  if ((await file?.stat())?.isDirectory())
    throw new CommandFailed(exitCodes.notFound, forTerminal(`${path}: it is a folder, and no bundle`))
  const source: AsyncIterable<Uint8Array> = file?.createReadStream() ?? inputOf(process)
  const imported = await withStores(settings, async (stores) => {
    await refuseCopy(settings.directory)
    return await importBundle(source, stores, limits)
  })
  if (flags.json === true) await printJson({ type: 'imported', ...imported })
  process.stderr.write(`${told(imported)}\n`)
}

const told = ({ rooms, messages, files }: Imported): string =>
  rooms === 0
    ? 'nothing in it is new here'
    : `imported ${counted(messages, 'message')} and ${counted(files, 'file')} into ${counted(rooms, 'room')}`

export interface ImportLimits extends BundleLimits, RetentionLimits {
  readonly maxTextBytes: number
}

/** The result of an import. Rooms and files not counted here were known already. */
export interface Imported {
  readonly rooms: number
  readonly messages: number
  readonly files: number
}

interface RoomImport {
  readonly room: string
  readonly entries: readonly Carried[]
  readonly files: readonly FileCompleted[]
  /** Bytes of the files that the room already has. */
  readonly heldBytes: number
}

const PAGE_ENTRIES = 512

/**
 * Merges a bundle into the stores, which nobody else uses meanwhile. Nothing of it is visible before all of it is verified and durable;
 * then all of it is, in one commit. Importing it again adds nothing. Throws `BadBundle` if it is damaged, and `Refused` if there is no
 * space for it; the stores are then unchanged.
 */
export async function importBundle(
  source: AsyncIterable<Uint8Array>,
  { journal, fileStore }: Stores,
  limits: ImportLimits,
): Promise<Imported> {
  const reader = new BundleReader(source, limits)
  const intake = new FileIntake(fileStore)
  try {
    const manifest = await reader.manifest()
    if (manifest.rooms.reduce((sum, { entries }) => sum + entries, 0) > limits.entries)
      throw new BadBundle(`it has more than ${limits.entries} entries; export its rooms one by one`)
    const { roomOf, byDigest } = await findFacts(journal)
    const imports: RoomImport[] = []
    for (const part of manifest.rooms) imports.push(await readRoom(part, reader, journal, limits))
    const wanted = wantedFiles(imports, manifest, roomOf)
    makeSure(imports, { wanted, roomOf }, limits)
    const fresh = [...wanted].filter(([sha256]) => !byDigest.has(sha256)).map(([, files]) => files)
    if (hasBound(fileStore)) mustFit(fileStore, fresh)
    for (const part of manifest.files) {
      const files = wanted.get(part.sha256) ?? []
      await intake.take(files, byDigest.get(part.sha256), reader.part(part))
    }
    await reader.end()
    await intake.publish()
    await keep(journal, imports)
    intake.settle()
    const brought = imports.filter(({ entries }) => entries.length > 0)
    const files = brought.reduce((sum, room) => sum + room.files.length, 0)
    const messages = brought.reduce((sum, { entries }) => sum + entries.filter(isMessage).length, 0)
    return { rooms: brought.length, messages, files }
  } finally {
    await intake.undo()
    await reader.close()
  }
}

async function readRoom(
  part: RoomPart,
  reader: BundleReader,
  journal: Journal,
  limits: ImportLimits,
): Promise<RoomImport> {
  const { name: room } = part
  const held = nothingHeld()
  const span = await journal.span(room)
  for (const fact of await journal.facts(room)) hold(held, fact, digest)
  for (let after = 0; ; ) {
    const entries = (await journal.read(room, after, PAGE_ENTRIES)).flatMap((batch) => batch.entries)
    for (const entry of entries) if (isMessage(entry) || entry.type === 'erased') hold(held, entry, digest)
    const newest = entries.at(-1)
    if (newest === undefined) break
    after = newest.seq
  }
  const merge = new Merge(held, span, digest)
  let count = 0
  for await (const entry of readLines(reader.part(part), limits)) {
    if (++count > part.entries) break
    merge.take(entry)
  }
  if (count !== part.entries) throw new BadBundle('a room in it has another number of entries than its list says')
  let heldBytes = 0
  for (const { size } of held.files.values()) heldBytes += size
  return { room, entries: merge.entries, files: merge.files, heldBytes }
}

/** The files to be imported, by their digest. */
function wantedFiles(
  imports: readonly RoomImport[],
  { files }: Manifest,
  roomOf: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly WholeFile[]> {
  const sizes = new Map(files.map(({ sha256, size }) => [sha256, size]))
  const ids = new Set<string>()
  const wanted = new Map<string, WholeFile[]>()
  for (const { file } of imports.flatMap((each) => each.files)) {
    if (sizes.get(file.sha256) !== file.size) throw new BadBundle('a file that it speaks of is not in it')
    if (roomOf.has(file.id) || ids.size === ids.add(file.id).size)
      throw new BadBundle('a file in it belongs to two rooms')
    wanted.set(file.sha256, [...(wanted.get(file.sha256) ?? []), file])
  }
  return wanted
}

/** An import removes nothing: data that does not fit beside the present data is refused (C114). */
function makeSure(
  imports: readonly RoomImport[],
  { wanted, roomOf }: { readonly wanted: ReadonlyMap<string, readonly WholeFile[]>; readonly roomOf: { size: number } },
  { roomQuotaBytes, filesPerHost }: RetentionLimits,
): void {
  const count = [...wanted.values()].reduce((sum, files) => sum + files.length, 0)
  if (filesPerHost > 0 && roomOf.size + count > filesPerHost)
    throw new Refused(rejected('TOO_MANY_FILES', `this host keeps at most ${filesPerHost} files`))
  for (const { room, files, heldBytes } of imports) {
    const bytes = files.reduce((sum, { file }) => sum + file.size, heldBytes)
    if (roomQuotaBytes > 0 && bytes > roomQuotaBytes && files.length > 0) {
      const most = sizeText(roomQuotaBytes)
      const message = `the room ${room} would have ${sizeText(bytes)} of files, and a room keeps ${most}; raise --room-quota`
      throw new Refused({ ...rejected('DISK_FULL', message), limit: { of: 'room', bytes: roomQuotaBytes } })
    }
  }
}

function mustFit(
  { bytesLeft, bound, maxFileBytes }: BoundedFileStore,
  wanted: readonly (readonly WholeFile[])[],
): void {
  let bytes = 0
  for (const [file] of wanted) {
    bytes += file?.size ?? 0
    if ((file?.size ?? 0) > maxFileBytes) throw new Refused(fileTooLarge({ of: 'file', bytes: maxFileBytes }))
  }
  if (bytes > bytesLeft) throw new Refused(noSpace(bound))
}

async function keep(journal: Journal, imports: readonly RoomImport[]): Promise<void> {
  const batches: Batch[] = []
  for (const { room, entries } of imports)
    for (let at = 0; at < entries.length; at += PAGE_ENTRIES)
      batches.push(new Batch(room, entries.slice(at, at + PAGE_ENTRIES)))
  const appended = await journal.append(batches)
  if (appended.status === 'readOnly') throw new Refused(rejected('DISK_FULL', appended.message))
}

/**
 * Files being copied from a bundle into a file store. Until `publish` they are parts, which the next start of a host removes if the
 * import is killed; until `settle` they can be undone.
 */
export class FileIntake {
  readonly #fileStore: FileStore
  /** Groups of files with the same bytes, with the id of a stored file to share, or undefined: then the first of the group is a part. */
  readonly #taken: { readonly source: string | undefined; readonly files: readonly WholeFile[] }[] = []
  #made: string[] = []

  constructor(fileStore: FileStore) {
    this.#fileStore = fileStore
  }

  /** Reads `bytes` to the end. Keeps them if any file in `wanted` needs them, unless the file store has the same under the id `known`. */
  async take(wanted: readonly WholeFile[], known: string | undefined, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const [first] = wanted
    if (first === undefined || (known !== undefined && (await this.#fileStore.size(known)) === first.size)) {
      for await (const _ of bytes);
      this.#taken.push({ source: known, files: wanted })
      return
    }
    const writer = await this.#begin(first)
    try {
      for await (const piece of bytes) must(await writer.append(piece))
      must(await writer.sync())
    } catch (error) {
      await writer.discard()
      throw error
    }
    await writer.suspend()
    this.#taken.push({ source: undefined, files: wanted })
  }

  /** Completes the imported files. No room knows these ids yet. */
  async publish(): Promise<void> {
    for (const { source, files } of this.#taken) {
      const [first, ...others] = files
      if (first === undefined) continue
      if (source === undefined) await this.#finish(first)
      for (const { id } of source === undefined ? others : files) {
        await this.#fileStore.remove(id)
        this.#made.push(id)
        must(await this.#fileStore.duplicate(source ?? first.id, id))
      }
    }
  }

  /** From now on a room knows the files. */
  settle(): void {
    this.#made = []
  }

  async undo(): Promise<void> {
    for (const id of this.#made) await this.#fileStore.remove(id)
    this.#made = []
  }

  async #finish({ id, size, sha256 }: WholeFile): Promise<void> {
    const writer = wanted(await this.#fileStore.resume(id, size))
    const whole = wanted(await writer.finish())
    if (whole.sha256 !== sha256) throw new FileStoreFailed('a file that was verified is another one on the disk')
  }

  async #begin({ id, size }: WholeFile): Promise<FileWriter> {
    // Left behind by an import that was killed: no room knows it.
    await this.#fileStore.remove(id)
    this.#made.push(id)
    return wanted(await this.#fileStore.create(id, size))
  }
}

function wanted<T extends object>(value: T | Rejected | undefined): T {
  if (value === undefined) throw new Error('a file that was taken is gone')
  if ('type' in value && value.type === 'rejected') throw new Refused(value as Rejected)
  return value as T
}

function must(refused: Rejected | undefined): void {
  if (refused !== undefined) throw new Refused(refused)
}
