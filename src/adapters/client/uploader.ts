import { safeFileName } from '#domain/names/file-name.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { FileRow } from '#protocol/schema.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { openSource, type Source } from '#system/files/source.ts'
import type { ApiClient } from './api-client.ts'
import { FileChanged, isGone, isRefusal, type Refusal, refusal } from './errors.ts'
import { digestOf, type FileDigest } from './file-digest.ts'
import { type FileSummary, summaryOf } from './file-summary.ts'
import { paced } from './pace.ts'
import { listFiles } from './queries.ts'
import type { Sending } from './resume-store.ts'
import { uploadStream } from './stream-upload.ts'
import type { TransferOptions } from './transfer-options.ts'
import { createUpload, removeUpload, sendPart } from './tus.ts'

export interface FileMeta {
  /** What it is called in the room. */
  readonly name: string
  /** The name of the one person whom it is for. */
  readonly to?: string
  /** Id of the member who sends it: what is not for everybody goes on only where it is theirs. */
  readonly by?: string
}

/** A file that the room has now, called as it is there. */
export interface SentFile extends WholeFile {
  /** It had these bytes before: none had to be sent. */
  readonly already?: true
}

/**
 * Sends a file of this machine's to a room, going on with whatever of it the host has already, and answers it whole and
 * verified, or why it is not. Throws what `openSource` throws.
 */
export async function uploadFile(
  options: TransferOptions,
  room: string,
  path: DiskPath,
  meta: FileMeta,
): Promise<SentFile | Refusal> {
  const first = await attempt(options, room, path, meta)
  // Bytes were changed on the way, or the file was while it was read: from the start, and only once (C112).
  const again = isRefusal(first) && (first.code === 'HASH_MISMATCH' || first.code === changed.code)
  const sent = again ? await attempt(options, room, path, meta) : first
  if (isRefusal(sent)) return sent
  const name = safeFileName(sent.name, sent.id)
  return typeof name === 'string' ? { ...sent, name } : sent
}

const changed = refusal(0, 'FILE_CHANGED', 'it is being changed while it is sent; send a copy of it')

async function attempt(options: TransferOptions, room: string, path: DiskPath, meta: FileMeta) {
  const source = await openSource(path, options.link.settings.readBytes)
  try {
    if (source.size === undefined) return await uploadStream(options, room, source.bytes(), meta)
    const ended = await carry(options, room, source, source.size, meta)
    return isRefusal(ended) && ended.code === 'HASH_MISMATCH' && (await source.changed()) ? changed : ended
  } catch (error) {
    if (error instanceof FileChanged) return changed
    throw error
  } finally {
    await source.close()
  }
}

async function carry(options: TransferOptions, room: string, source: Source, size: number, meta: FileMeta) {
  const { link, retries, tell, own } = options
  const { name, to } = meta
  const addressed = to === undefined ? {} : { to }
  const sending: Sending = { at: link.label, room, name, size, ...addressed }
  const kept = link.idAt(await own?.find(sending))
  const open = await retries.until(() => unfinished(link, room, meta, size, kept))
  if (isRefusal(open)) return open
  const hashed = (done: number) => tell({ type: 'hashing', done, total: size })
  const digest = await digestOf(source.bytes(), open.keys(), hashed)
  if (digest.size !== size) throw new FileChanged('the file changed while it was read')
  let id = begunOf(open, digest)
  let made: string | undefined
  let best = 0
  let already = size > 0
  const whole = { name, size, sha256: digest.sha256 }
  const ended = await retries
    .until<SentFile>(async () => {
      if (id === undefined) {
        const created = await createUpload(link, room, { ...whole, ...addressed })
        if (isRefusal(created)) return created
        id = created.id
        made = id
        if (link.isOwn(id)) await own?.keep(sending, link.filePath(id))
      }
      const look = await summaryOf(link, id)
      // A host that keeps nothing has forgotten it; the file is still here.
      if (isRefusal(look) && isGone(look)) {
        id = undefined
        return refusal(503, 'NO_SUCH_FILE', 'the host has lost this transfer; it begins again')
      }
      if (isRefusal(look)) return look
      if (look.status === 'whole') return { id, ...whole, ...(already ? { already } : {}) }
      if (look.offset > best) retries.progressed()
      best = Math.max(best, look.offset)
      already = false
      const sent = await send(options, source, { id, ...whole }, look.offset, await shownOf(source, look))
      if (!isRefusal(sent) || sent.code !== 'NOT_OWNER') return sent
      id = undefined
      return refusal(503, sent.code, 'somebody else goes on with that one; it begins again')
    })
    .catch(async (error: unknown) => {
      // Nobody has its bytes any more.
      if (error instanceof FileChanged && made !== undefined) await removeUpload(link, made).catch(() => {})
      throw error
    })
  if (!isRefusal(ended)) await own?.drop(sending)
  // It would begin again at 0, and of no bytes nobody can tell whose file they are.
  else if (ended.code === 'HASH_MISMATCH' && id !== undefined) await removeUpload(link, id).catch(() => {})
  return ended
}

/** What the host wants to be shown by whoever is not the owner: the owner is told it. */
async function shownOf(source: Source, look: Extract<FileSummary, { status: 'arriving' }>) {
  if (look.prefix !== undefined || look.offset === 0) return undefined
  const { prefixes } = await digestOf(source.bytes(), [look.offset], () => {})
  return prefixes.get(look.offset)
}

/** One connection's worth of it. */
async function send(
  options: TransferOptions,
  source: Source,
  file: WholeFile,
  from: number,
  shown: string | undefined,
) {
  const { link, tell, limit } = options
  const { id, size, sha256: whole } = file
  tell({ type: 'begins', at: from, total: size })
  const bytes = paced(exactly(size - from, source.bytes(from)), limit)
  let reached = from
  const alive = async () => {
    const look = await summaryOf(link, id)
    if (isRefusal(look)) return false
    const further = look.status === 'whole' || look.offset > reached
    if (look.status === 'arriving') reached = look.offset
    return further
  }
  let sent = from
  const moved = (count: number) => {
    sent += count
    tell({ type: 'moved', bytes: sent })
  }
  const prefix = shown === undefined ? {} : { prefix: shown }
  const ended = await sendPart(link, { id, offset: from, bytes, length: size - from, whole, ...prefix, moved, alive })
  if (isRefusal(ended)) return ended
  return ended.offset === size ? file : refusal(503, 'TRANSFER_CUT', 'the host took only a part of it')
}

/** Throws where there are fewer bytes than the host was told to wait for. */
async function* exactly(length: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const piece of pieces) {
    left -= piece.length
    yield piece
  }
  if (left > 0) throw new FileChanged('the file changed while it was sent')
}

/**
 * An upload that may be of our file; its bytes so far have the digest `prefix`, which a host tells its owner alone, and all of them that of
 * `promised`, where that is known.
 */
interface Begun {
  readonly id: string
  readonly promised: string | undefined
  readonly prefix: string | undefined
}

/**
 * What the room has of files of this name and size that may be gone on with, by how much it is (C111: whether it is the same is seen by the
 * bytes): our own, and others' whose digest was promised and which nobody sends just now. `kept`: the one of which only its sender is told.
 */
async function unfinished(link: ApiClient, room: string, meta: FileMeta, size: number, kept: string | undefined) {
  const found = new Map<number, Begun[]>()
  const add = async (id: string, promised: string | undefined, isOthersToo = false) => {
    const look = await summaryOf(link, id)
    if (isRefusal(look)) return
    // A whole one begins and ends as all of it does.
    const [offset, prefix] = look.status === 'whole' ? [look.size, look.sha256] : [look.offset, look.prefix]
    // Of no bytes all digests are the same.
    const isSure = promised !== undefined && offset > 0
    if (prefix === undefined ? isOthersToo && isSure : offset > 0 || promised !== undefined)
      found.set(offset, [...(found.get(offset) ?? []), { id, promised, prefix }])
  }
  const files = await listFiles(link, room)
  if (isRefusal(files)) return files
  // It may have become whole in the moment in which its sender was lost.
  if (kept !== undefined) await add(kept, undefined)
  for (const row of files) {
    if (row.status === 'whole' || row.size !== size || row.name !== safeFileName(meta.name, row.id)) continue
    if (!isForTheSame(row, meta)) continue
    await add(row.id, row.sha256 ?? undefined, row.status === 'paused')
  }
  return found
}

function isForTheSame({ audience, byId }: FileRow, { to, by }: FileMeta): boolean {
  if (audience === undefined) return to === undefined
  return byId === by && (audience.to === 'staff' ? to === undefined : audience.to.name === to)
}

/** The furthest of those that begin as our file does. */
function begunOf(open: ReadonlyMap<number, readonly Begun[]>, digest: FileDigest): string | undefined {
  for (const offset of [...open.keys()].sort((one, other) => other - one))
    for (const { id, promised, prefix } of open.get(offset) ?? [])
      if (
        (promised ?? digest.sha256) === digest.sha256 &&
        (prefix ?? digest.prefixes.get(offset)) === digest.prefixes.get(offset)
      )
        return id
  return undefined
}
