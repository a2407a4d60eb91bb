import type { WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import { checksumField } from '#protocol/tus.ts'
import { isGone, isRefusal, type Refusal, refusal } from './errors.ts'
import { createUpload, fileStatus, sendPart } from './tus.ts'
import type { UploaderOptions } from './uploader.ts'

/** A part of a stream, and whether it is the last. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** SHA-256 as the bytes come. */
export interface StreamDigest {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

export interface StreamUploadOptions extends Pick<UploaderOptions, 'api' | 'retries' | 'report' | 'room' | 'offered'> {
  readonly newDigest: () => StreamDigest
}

/**
 * Sends a stream that cannot be read twice, and whose size need not be known. The piece that the host has not made durable is kept: a
 * host that falls behind it has lost bytes that nobody has any more, and ends the transfer (STREAM_LOST). Does not read the stream if
 * the room already has a file with the announced digest.
 */
export async function uploadStream(
  options: StreamUploadOptions,
  pieces: AsyncIterable<Piece>,
  meta: UploadMeta,
): Promise<WholeFile | Refusal> {
  const { api, room, retries, report, offered, newDigest } = options
  const { name } = meta
  const create = async () => {
    const created = await retries.until(() => createUpload(api, room, meta))
    if (!isRefusal(created)) await offered?.(created.id)
    return created
  }
  // A host keeps no place for absent bytes: unless a digest may save the upload, the file is created with its first bytes.
  let created = meta.sha256 === undefined ? undefined : await create()
  if (created !== undefined) {
    if (isRefusal(created)) return created
    const { id } = created
    const known = await retries.until(() => fileStatus(api, id))
    if (isRefusal(known)) return known
    if (known.status === 'whole') return { id, name, size: known.size, sha256: meta.sha256 ?? '' }
  }
  report({ type: 'begins', at: 0, total: meta.size })
  const digest = newDigest()
  let size = 0
  for await (const piece of pieces) {
    created ??= await create()
    if (isRefusal(created)) return created
    digest.update(piece.bytes)
    const failed = await sendPiece(options, created.id, size, piece, meta.size)
    if (failed !== undefined) return failed
    size += piece.bytes.length
    report({ type: 'moved', bytes: size })
  }
  created ??= await create()
  if (isRefusal(created)) return created
  const { id } = created
  const sha256 = Array.from(digest.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const now = await retries.until(() => fileStatus(api, id))
  if (isRefusal(now)) return now
  if (now.status === 'whole' && now.size === size && (now.sha256 ?? sha256) === sha256)
    return { id, name, size, sha256 }
  if (now.status === 'arriving') return refusal(0, 'TRANSFER_CUT', 'there are fewer bytes than were promised')
  return refusal(460, 'HASH_MISMATCH', 'the host has other bytes than were sent')
}

/** Resolves when the host has made the piece durable, or to the reason why it never will. */
async function sendPiece(
  { api, retries, report, newDigest }: StreamUploadOptions,
  id: string,
  start: number,
  { bytes, last }: Piece,
  size: number | undefined,
): Promise<Refusal | undefined> {
  const end = start + bytes.length
  let from: number | undefined = start
  let mismatches = 0
  const kept = await retries.until(async () => {
    if (from === undefined) {
      const status = await fileStatus(api, id)
      if (isRefusal(status)) return isGone(status) ? streamLost : status
      if (status.status === 'whole') return {}
      if (status.offset < start) return streamLost
      if (status.offset >= end && !last) return {}
      from = status.offset
      report({ type: 'begins', at: from, total: size })
    }
    const [offset, rest]: [number, Uint8Array] = [from, bytes.subarray(from - start)]
    from = undefined
    const checksum = newDigest()
    checksum.update(rest)
    const whole = last && size === undefined ? { 'Upload-Length': String(end) } : {}
    const sent = await sendPart(api, {
      id,
      offset,
      body: once(rest),
      length: rest.length,
      // The piece is taken as a whole or not at all.
      headers: { 'Upload-Checksum': checksumField(checksum.digest()), ...whole },
      moved: (count) => report({ type: 'moved', bytes: offset + count }),
    })
    // Damaged on the way, and not taken: once more.
    if (isRefusal(sent) && sent.status === 460 && mismatches++ === 0) return refusal(503, 'TRANSFER_CUT', sent.message)
    return sent
  })
  if (isRefusal(kept)) return kept
  retries.progressed()
  return undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** A permanent refusal. */
const streamLost = refusal(
  0,
  'STREAM_LOST',
  'the host has lost bytes that can not be read again; send it again from the start',
)
