import { createHash } from 'node:crypto'
import type { WholeFile } from '../../domain/room/events.ts'
import { isGone, isRefusal, type Refusal, refusal } from './failures.ts'
import { lookAt } from './file-look.ts'
import type { TransferOptions } from './file-upload.ts'
import { gathered, type Piece } from './gathering.ts'
import { paced } from './pace.ts'
import { createUpload, sendPart } from './tus.ts'

/**
 * Sends a stream whose size nobody knows and which can't be read twice. What the host has not made durable is kept, and that is
 * one piece: a host that falls behind it has lost bytes that nobody has any more, and ends the transfer (TRANSFER_CUT).
 */
export async function uploadStream(
  options: TransferOptions,
  room: string,
  source: AsyncIterable<Uint8Array>,
  name: string,
): Promise<WholeFile | Refusal> {
  const { link, retries, tell, limit } = options
  const { pieceBytes, pieceMs } = link.settings
  const created = await retries.until(() => createUpload(link, room, { name }))
  if (isRefusal(created)) return created
  tell({ type: 'begins', at: 0, total: undefined })
  const hash = createHash('sha256')
  let start = 0
  for await (const piece of gathered(paced(source, limit), pieceBytes, pieceMs)) {
    hash.update(piece.bytes)
    const failed = await keep(options, created.id, start, piece)
    if (failed !== undefined) return failed
    start += piece.bytes.length
    tell({ type: 'moved', bytes: start })
  }
  const sha256 = hash.digest('hex')
  const look = await retries.until(() => lookAt(link, created.id))
  if (isRefusal(look)) return look
  if (look.status === 'whole' && look.size === start && (look.sha256 ?? sha256) === sha256)
    return { id: created.id, name, size: start, sha256 }
  return refusal(460, 'HASH_MISMATCH', 'the host has other bytes than were sent')
}

/** Resolves when the host has made the piece durable, or to why it never will. */
async function keep({ link, retries, tell }: TransferOptions, id: string, start: number, { bytes, last }: Piece) {
  const end = start + bytes.length
  let from: number | undefined = start
  let mismatches = 0
  const kept = await retries.until(async () => {
    if (from === undefined) {
      const look = await lookAt(link, id)
      if (isRefusal(look)) return isGone(look) ? lost : look
      if (look.status === 'whole') return {}
      if (look.offset < start) return lost
      if (look.offset >= end && !last) return {}
      from = look.offset
      tell({ type: 'begins', at: from, total: undefined })
    }
    const [offset, rest]: [number, Buffer] = [from, bytes.subarray(from - start)]
    from = undefined
    const sha256 = createHash('sha256').update(rest).digest()
    const part = { id, offset, length: rest.length, bytes: once(rest), sha256, ...(last ? { total: end } : {}) }
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
