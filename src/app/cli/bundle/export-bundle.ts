import { createHash } from 'node:crypto'
import { filePath, type Manifest, type Part, type RoomPart, roomPath } from '#bundle/manifest.ts'
import { encodeLine } from '#bundle/room-lines.ts'
import { writeBundle } from '#bundle/write-bundle.ts'
import { type Carried, carriedFacts, isMessage } from '#domain/bundle/merge.ts'
import { FileMissing, type FileStore } from '#domain/ports/file-store.ts'
import type { Journal } from '#domain/ports/journal.ts'
import type { WholeFile } from '#domain/room/events.ts'

export interface Stores {
  readonly journal: Journal
  readonly fileStore: FileStore
}

export interface Export {
  readonly manifest: Manifest
  /** Whole files whose bytes are not what they were: they stay behind, and who they were from with them. */
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
    bytes: writeBundle(manifest, (part) => open(part)),
  }

  function open(part: Part): AsyncIterable<Uint8Array> {
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

async function isIntact(fileStore: FileStore, { id, size, sha256 }: WholeFile): Promise<boolean> {
  if ((await fileStore.size(id)) !== size) return false
  const digest = createHash('sha256')
  try {
    for await (const piece of fileStore.read(id, 0, 'lent')) digest.update(piece)
  } catch (error) {
    if (error instanceof FileMissing) return false
    throw error
  }
  return digest.digest('hex') === sha256
}

/** In the room's order; of what has been forgotten, the facts. */
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
