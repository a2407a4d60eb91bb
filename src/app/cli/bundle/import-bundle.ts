import { hash } from 'node:crypto'
import { BadBundle } from '#bundle/bad-bundle.ts'
import { BundleReader } from '#bundle/bundle-reader.ts'
import type { BundleLimits, Manifest, RoomPart } from '#bundle/manifest.ts'
import { readLines } from '#bundle/room-lines.ts'
import { type Carried, type Digest, hold, isMessage, Merge, nothingHeld } from '#domain/bundle/merge.ts'
import type { RetentionLimits } from '#domain/engine/limits.ts'
import { findFiles } from '#domain/engine/transfers.ts'
import { rejected } from '#domain/errors.ts'
import { hasBound } from '#domain/ports/file-store.ts'
import type { Journal } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import type { FileCompleted, WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import type { Stores } from './export-bundle.ts'
import { FileIntake } from './file-intake.ts'

export interface ImportLimits extends BundleLimits, RetentionLimits {
  readonly maxTextBytes: number
}

/** What an import brought, or would have: a room or file that is not in these numbers was known already. */
export interface Imported {
  readonly rooms: number
  readonly messages: number
  readonly files: number
}

interface RoomImport {
  readonly room: string
  readonly entries: readonly Carried[]
  readonly files: readonly FileCompleted[]
  /** Bytes of the files that the room has already. */
  readonly heldBytes: number
}

const PAGE_ENTRIES = 512
const digest: Digest = (text) => hash('sha256', text, 'base64url').slice(0, 22)

/**
 * Merges a bundle into the stores, which nobody else uses meanwhile. Nothing of it can be seen before all of it has been verified and
 * is durable; then all of it can, in one commit. Importing it again brings nothing. Throws `BadBundle` where it is damaged, and
 * `Refused` where there is no room for it; the stores are as they were then.
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
    const { roomOf, byDigest } = await findFiles(journal)
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
    for (const entry of entries) if (isMessage(entry)) hold(held, entry, digest)
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

/** The files to be taken, by their digest. */
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

/** An import removes nothing: what does not fit beside what is there is refused (C114). */
function makeSure(
  imports: readonly RoomImport[],
  { wanted, roomOf }: { readonly wanted: ReadonlyMap<string, readonly WholeFile[]>; readonly roomOf: { size: number } },
  { roomFileBytes, filesPerHost }: RetentionLimits,
): void {
  const count = [...wanted.values()].reduce((sum, files) => sum + files.length, 0)
  if (filesPerHost > 0 && roomOf.size + count > filesPerHost)
    throw new Refused(rejected('TOO_MANY_FILES', `this host keeps at most ${filesPerHost} files`))
  for (const { room, files, heldBytes } of imports) {
    const bytes = files.reduce((sum, { file }) => sum + file.size, heldBytes)
    if (roomFileBytes > 0 && bytes > roomFileBytes && files.length > 0)
      throw new Refused(
        rejected('DISK_FULL', `the room ${room} would have ${bytes} bytes of files; raise its --room-quota`),
      )
  }
}

function mustFit(
  { bytesLeft, maxFileBytes }: { readonly bytesLeft: number; readonly maxFileBytes: number },
  wanted: readonly (readonly WholeFile[])[],
): void {
  let bytes = 0
  for (const [file] of wanted) {
    bytes += file?.size ?? 0
    if ((file?.size ?? 0) > maxFileBytes)
      throw new Refused(rejected('FILE_TOO_LARGE', `a file in it has more than ${maxFileBytes} bytes`))
  }
  if (bytes > bytesLeft)
    throw new Refused(rejected('DISK_FULL', `its files have ${bytes} bytes and this host may keep ${bytesLeft} more`))
}

async function keep(journal: Journal, imports: readonly RoomImport[]): Promise<void> {
  const batches: Batch[] = []
  for (const { room, entries } of imports)
    for (let at = 0; at < entries.length; at += PAGE_ENTRIES)
      batches.push(new Batch(room, entries.slice(at, at + PAGE_ENTRIES)))
  const appended = await journal.append(batches)
  if (appended.status === 'readOnly') throw new Refused(rejected('DISK_FULL', appended.message))
}
