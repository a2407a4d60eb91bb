import { crc32 } from 'node:zlib'
import { Batch } from '#domain/room/batch.ts'
import { type Entry, isFact } from '#domain/room/events.ts'
import { BadEntries, packEntries, recordLengths, unpackRecord } from '#protocol/journal-format.ts'
import { checksumOf, isWhole, KIND, type Row, type UncheckedRow } from './row.ts'

/** A length as a varint of at most five bytes, and a hash of four. */
const MOST_SUM_BYTES = 9

/**
 * For each entry of a packed batch its length and its hash, beside what they are about: where the row's checksum fails, each entry
 * still answers for itself. Null for a batch of one entry, which the row's checksum answers for.
 */
export const packSums = (room: string, packed: Uint8Array): Uint8Array | null => {
  const lengths = recordLengths(packed)
  if (lengths.length < 2) return null
  const seed = crc32(room)
  const view = viewOf(packed)
  const sums = new Uint8Array(lengths.length * MOST_SUM_BYTES)
  let from = packed.length - lengths.reduce((sum, length) => sum + length, 0)
  let at = 0
  for (const length of lengths) {
    const hash = murmur(view, from, length, seed)
    from += length
    let rest = length
    for (; rest > 0x7f; rest >>>= 7) sums[at++] = (rest & 0x7f) | 0x80
    sums[at++] = rest
    sums[at++] = hash
    sums[at++] = hash >>> 8
    sums[at++] = hash >>> 16
    sums[at++] = hash >>> 24
  }
  return sums.slice(0, at)
}

/**
 * What can be believed of a row of a room: the row itself where its checksum holds, and otherwise rows of those of its entries that
 * verify, each without a gap inside. None where nothing does.
 */
export const believed = (row: UncheckedRow, room: string): readonly Row[] => {
  if (isWhole(row) && row.room === room) return [row]
  const renamed = headless(row, room)
  if (renamed !== undefined) return [renamed]
  const { first, kind } = row
  const kept = kind === KIND.kept
  const runs: Entry[][] = []
  let before: number | undefined
  for (const { index, entry } of verified(row, room)) {
    // An entry that verifies and stands elsewhere belongs to another row.
    if (kept ? entry.seq < (before ?? Number(first)) : entry.seq !== Number(first) + index) continue
    if (runs.length === 0 || (!kept && entry.seq !== before! + 1)) runs.push([])
    runs.at(-1)!.push(entry)
    before = entry.seq
  }
  return runs.map((entries) => rowOf(room, entries, { kept, ids: idsWithin(row.ids, entries), first: Number(first) }))
}

/** Whether all that the row was stored with is there. */
export const isComplete = (row: UncheckedRow, rows: readonly Row[]): boolean => rows[0] === row

/** A row of these entries, which rise and are all of one room. */
const rowOf = (
  room: string,
  entries: readonly Entry[],
  { kept, ids, first }: { readonly kept: boolean; readonly ids: string | null; readonly first: number },
): Row => {
  const bytes = Uint8Array.from(packEntries(new Batch(room, entries)))
  const row = {
    ...{ first: kept ? first : entries[0]!.seq, last: entries.at(-1)!.seq, room, ids, bytes },
    kind: kept ? KIND.kept : entries.some(isFact) ? KIND.facts : KIND.chat,
    sums: packSums(room, bytes),
  }
  return { ...row, checksum: checksumOf(row) }
}

/** The row, where it is whole but for its name, its kind or its last sequence, which can be told without them. */
const headless = (row: UncheckedRow, room: string): Row | undefined => {
  if (typeof row.first !== 'number' || !(row.bytes instanceof Uint8Array)) return undefined
  let count: number
  try {
    count = recordLengths(row.bytes).length
  } catch (error) {
    if (!(error instanceof BadEntries)) throw error
    return undefined
  }
  for (const last of [row.last, row.first + count - 1])
    for (const kind of [row.kind, ...Object.values(KIND)]) {
      const tried = { ...row, room, last, kind }
      if (isWhole(tried)) return tried
    }
  return undefined
}

/** The entries of a row that answer for themselves, with their places in it. */
function* verified({ bytes, sums }: UncheckedRow, room: string): Generator<{ index: number; entry: Entry }> {
  if (!(bytes instanceof Uint8Array) || !(sums instanceof Uint8Array)) return
  const list = unpackSums(sums)
  const seed = crc32(room)
  const view = viewOf(bytes)
  let at = bytes.length - list.reduce((sum, { length }) => sum + length, 0)
  for (const [index, { length, hash }] of list.entries()) {
    if (at >= 0 && at + length <= bytes.length && murmur(view, at, length, seed) === hash) {
      const entry = unpacked(bytes.subarray(at, at + length))
      if (entry !== undefined) yield { index, entry }
    }
    at += length
  }
}

const unpacked = (record: Uint8Array): Entry | undefined => {
  try {
    return unpackRecord(record)
  } catch (error) {
    if (!(error instanceof BadEntries)) throw error
    return undefined
  }
}

const unpackSums = (sums: Uint8Array): { readonly length: number; readonly hash: number }[] => {
  const list: { length: number; hash: number }[] = []
  for (let at = 0; at < sums.length; ) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = sums[at++] ?? 0
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80 || shift > 28) break
    }
    const [one = 0, two = 0, three = 0, four = 0] = sums.subarray(at, at + 4)
    list.push({ length, hash: (one | (two << 8) | (three << 16) | (four << 24)) >>> 0 })
    at += 4
  }
  return list
}

/** The ids of these entries, as far as what is stored can be read; who sends a message again is known by them. */
const idsWithin = (ids: unknown, entries: readonly Entry[]): string | null => {
  if (typeof ids !== 'string') return null
  const seqs = new Set(entries.map(({ seq }) => seq))
  try {
    const pairs: unknown = JSON.parse(ids)
    if (!Array.isArray(pairs)) return null
    const known = pairs.filter((pair) => Array.isArray(pair) && typeof pair[0] === 'string' && seqs.has(pair[1]))
    return known.length === 0 ? null : JSON.stringify(known)
  } catch {
    return null // Damaged themselves: what they were for is over in a minute.
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/**
 * MurmurHash3, 32 bits: notices every change within four bytes, and others but for one in 2^32. Five times as quick here as a
 * call of zlib's for each entry.
 */
const murmur = (view: DataView, from: number, length: number, seed: number): number => {
  const end = from + length
  let hash = seed
  let at = from
  for (; at + 4 <= end; at += 4) {
    hash ^= mixed(view.getInt32(at, true))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let left = end - at - 1; left >= 0; left -= 1) tail = (tail << 8) | view.getUint8(at + left)
  hash ^= mixed(tail) ^ length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const mixed = (word: number): number => {
  const scaled = Math.imul(word, 0xcc9e2d51)
  return Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593)
}
