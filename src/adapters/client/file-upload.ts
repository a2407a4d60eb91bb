import { stat } from 'node:fs/promises'
import { safeFileName } from '../../domain/names/safe-file-name.ts'
import type { WholeFile } from '../../domain/room/events.ts'
import { FileChanged, isGone, isRefusal, type Refusal, refusal } from './failures.ts'
import { digestOf, type FileDigest } from './file-digest.ts'
import { lookAt } from './file-look.ts'
import { piecesOf } from './file-pieces.ts'
import type { HostLink } from './host-link.ts'
import { paced } from './pace.ts'
import type { Retries } from './retries.ts'
import { listFiles } from './room-queries.ts'
import type { TellNews } from './transfer-talk.ts'
import { createUpload, sendPart } from './tus.ts'
import type { FileRow } from './wire.ts'

export interface TransferOptions {
  readonly link: HostLink
  readonly retries: Retries
  readonly tell: TellNews
  /** Bytes a second at most. */
  readonly limit?: number
}

export interface FileMeta {
  /** What it is called in the room. */
  readonly name: string
  /** The name of the one person whom it is for. */
  readonly to?: string
  /** Id of the member who sends it: what is not for everybody goes on only where it is theirs. */
  readonly by?: string
}

/**
 * Sends a file of this machine's to a room, going on with whatever of it the host has already, and answers it whole and
 * verified, or why it is not. Throws what the file system throws.
 */
export async function uploadFile(
  options: TransferOptions,
  room: string,
  path: string,
  meta: FileMeta,
): Promise<WholeFile | Refusal> {
  const first = await attempt(options, room, path, meta)
  // Bytes were changed on the way, or the file was while it was read: from the start, and only once (C112).
  return isRefusal(first) && first.code === 'HASH_MISMATCH' ? await attempt(options, room, path, meta) : first
}

async function attempt(options: TransferOptions, room: string, path: string, meta: FileMeta) {
  try {
    return await carry(options, room, path, meta)
  } catch (error) {
    if (error instanceof FileChanged) return refusal(0, 'HASH_MISMATCH', error.message)
    throw error
  }
}

async function carry(options: TransferOptions, room: string, path: string, meta: FileMeta) {
  const { link, retries, tell } = options
  const { name, to } = meta
  const { size } = await stat(path)
  const open = await retries.until(() => unfinished(link, room, meta, size))
  if (isRefusal(open)) return open
  const hashed = (done: number) => tell({ type: 'hashing', done, total: size })
  const digest = await digestOf(path, open.keys(), link.settings.readBytes, hashed)
  if (digest.size !== size) throw new FileChanged('the file changed while it was read')
  let id = begunOf(open, digest)
  let best = 0
  const whole = { name, size, sha256: digest.sha256 }
  return await retries.until(async () => {
    if (id === undefined) {
      const created = await createUpload(link, room, { ...whole, ...(to === undefined ? {} : { to }) })
      if (isRefusal(created)) return created
      id = created.id
    }
    const look = await lookAt(link, id)
    // A host that keeps nothing has forgotten it; the file is still here.
    if (isRefusal(look) && isGone(look)) {
      id = undefined
      return refusal(503, 'NO_SUCH_FILE', 'the host has lost this transfer; it begins again')
    }
    if (isRefusal(look)) return look
    if (look.status === 'whole') return { id, ...whole }
    if (look.offset > best) retries.progressed()
    best = Math.max(best, look.offset)
    return await send(options, path, { id, ...whole }, look.offset)
  })
}

/** One connection's worth of it. */
async function send(options: TransferOptions, path: string, file: WholeFile, from: number) {
  const { link, tell, limit } = options
  const { id, size, sha256: whole } = file
  tell({ type: 'begins', at: from, total: size })
  const bytes = paced(exactly(size - from, piecesOf(path, from, size, link.settings.readBytes)), limit)
  let reached = from
  const alive = async () => {
    const look = await lookAt(link, id)
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
  const ended = await sendPart(link, { id, offset: from, bytes, length: size - from, whole, moved, alive })
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

/** What the room has of files of this name and size, by how much it is (C111: whether it is the same is seen by the bytes). */
async function unfinished(link: HostLink, room: string, meta: FileMeta, size: number) {
  const found = new Map<number, { row: FileRow; prefix: string }[]>()
  const files = await listFiles(link, room)
  if (isRefusal(files)) return files
  for (const row of files) {
    if (row.status === 'whole' || row.size !== size || row.name !== safeFileName(meta.name, row.id)) continue
    if (!isForTheSame(row, meta)) continue
    const look = await lookAt(link, row.id)
    if (isRefusal(look) || look.status === 'whole' || look.prefix === undefined) continue
    found.set(look.offset, [...(found.get(look.offset) ?? []), { row, prefix: look.prefix }])
  }
  return found
}

function isForTheSame({ audience, byId }: FileRow, { to, by }: FileMeta): boolean {
  if (audience === undefined) return to === undefined
  return byId === by && (audience.to === 'staff' ? to === undefined : audience.to.name === to)
}

/** The furthest of those that begin as our file does. */
function begunOf(
  open: ReadonlyMap<number, { row: FileRow; prefix: string }[]>,
  digest: FileDigest,
): string | undefined {
  for (const offset of [...open.keys()].sort((one, other) => other - one))
    for (const { row, prefix } of open.get(offset) ?? []) {
      const promisedOther = typeof row.sha256 === 'string' && row.sha256 !== digest.sha256
      if (!promisedOther && prefix === digest.prefixes.get(offset)) return row.id
    }
  return undefined
}
