import { createHash } from 'node:crypto'
import type { WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import { gathered, type Piece } from './chunked.ts'
import { isGone, isRefusal, type Refusal, refusal } from './errors.ts'
import { summaryOf } from './file-summary.ts'
import { paced } from './pace.ts'
import type { TransferOptions } from './transfer-options.ts'
import { createUpload, sendPart } from './tus.ts'

/**
 * Sends a stream which can't be read twice, and whose size need not be known. What the host has not made durable is kept, and that is
 * one piece: a host that falls behind it has lost bytes that nobody has any more, and ends the transfer (TRANSFER_CUT). Does not read
 * the stream where the room has a file of the promised digest already. `offered` hears the file's id.
 */
export async function uploadStream(
  options: TransferOptions,
  room: string,
  source: AsyncIterable<Uint8Array>,
  meta: UploadMeta,
  offered: (id: string) => void = () => {},
): Promise<WholeFile | Refusal> {
  const { link, retries, tell, limit } = options
  const { pieceBytes, pieceMs } = link.settings
  const { name } = meta
  const begin = async () => {
    const created = await retries.until(() => createUpload(link, room, meta))
    if (!isRefusal(created)) offered(created.id)
    return created
  }
  // A host keeps no place for what does not come: where no digest spares the bytes, it hears of the file with the first of them.
  let begun = meta.sha256 === undefined ? undefined : await begin()
  if (begun !== undefined) {
    if (isRefusal(begun)) return begun
    const { id } = begun
    const known = await retries.until(() => summaryOf(link, id))
    if (isRefusal(known)) return known
    if (known.status === 'whole') return { id, name, size: known.size, sha256: meta.sha256 ?? '' }
  }
  tell({ type: 'begins', at: 0, total: meta.size })
  const hash = createHash('sha256')
  let start = 0
  for await (const piece of gathered(paced(source, limit), pieceBytes, pieceMs)) {
    begun ??= await begin()
    if (isRefusal(begun)) return begun
    hash.update(piece.bytes)
    const failed = await keep(options, begun.id, start, piece, meta.size)
    if (failed !== undefined) return failed
    start += piece.bytes.length
    tell({ type: 'moved', bytes: start })
  }
  begun ??= await begin()
  if (isRefusal(begun)) return begun
  const { id } = begun
  const sha256 = hash.digest('hex')
  const look = await retries.until(() => summaryOf(link, id))
  if (isRefusal(look)) return look
  if (look.status === 'whole' && look.size === start && (look.sha256 ?? sha256) === sha256)
    return { id, name, size: start, sha256 }
  if (look.status === 'arriving') return refusal(0, 'TRANSFER_CUT', 'there are fewer bytes than were promised')
  return refusal(460, 'HASH_MISMATCH', 'the host has other bytes than were sent')
}

/** Resolves when the host has made the piece durable, or to why it never will. */
async function keep(
  { link, retries, tell }: TransferOptions,
  id: string,
  start: number,
  { bytes, last }: Piece,
  size: number | undefined,
) {
  const end = start + bytes.length
  let from: number | undefined = start
  let mismatches = 0
  const kept = await retries.until(async () => {
    if (from === undefined) {
      const look = await summaryOf(link, id)
      if (isRefusal(look)) return isGone(look) ? lost : look
      if (look.status === 'whole') return {}
      if (look.offset < start) return lost
      if (look.offset >= end && !last) return {}
      from = look.offset
      tell({ type: 'begins', at: from, total: size })
    }
    const [offset, rest]: [number, Buffer] = [from, bytes.subarray(from - start)]
    from = undefined
    const sha256 = createHash('sha256').update(rest).digest()
    let sent = offset
    const moved = (count: number) => {
      sent += count
      tell({ type: 'moved', bytes: sent })
    }
    const told = last && size === undefined ? { total: end } : {}
    const part = { id, offset, length: rest.length, bytes: once(rest), sha256, moved, ...told }
    const ended = await sendPart(link, part)
    // Changed on the way, and not taken: once more.
    if (isRefusal(ended) && ended.status === 460 && mismatches++ === 0)
      return refusal(503, 'TRANSFER_CUT', ended.message)
    return ended
  })
  if (!isRefusal(kept)) retries.progressed()
  return isRefusal(kept) ? kept : undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Not one that passes. */
const lost = refusal(
  0,
  'STREAM_LOST',
  'the host has lost bytes that can not be read again; send it again from the start',
)
