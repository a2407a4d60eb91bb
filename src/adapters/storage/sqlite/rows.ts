import { crc32 } from 'node:zlib'
import { Batch, type CommandId } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { BadEntries, packEntries, recordLengths, unpackEntries, unpackRecord } from '#protocol/journal-format.ts'

/** The kinds of stored rows: chat, entries with facts among them, or facts kept by trimming. */
export const KIND = { chat: 0, facts: 1, kept: 2 } as const

/** One stored batch of one room. */
export interface Row {
  readonly first: number
  readonly last: number
  readonly kind: number
  readonly room: string
  /** `[[id, seq], …]` as JSON, or null where there are none. */
  readonly ids: string | null
  readonly bytes: Uint8Array
  readonly checksum: number
  /** Length and hash of each entry (`packSums`); null for a single entry, and in rows of schema 1. */
  readonly sums: Uint8Array | null
}

/** A row before its checksum is verified: any column may be anything. */
export type UncheckedRow = { readonly [Column in keyof Row]: unknown }

/** Integers of a damaged row may exceed a JavaScript number, which makes node:sqlite throw; reals do not. */
export const ROW_COLUMNS =
  'key & 0xffffffffff AS first, CAST(last AS REAL) AS last, CAST(kind AS REAL) AS kind, room, ids, bytes, CAST(checksum AS REAL) AS checksum, sums'
/**
 * `key` of a room and a sequence; the shift turns JavaScript's reals into integers. Each `?` is a separate value: the node:sqlite of
 * Node 22.18 takes numbered ones for names and binds nothing to them.
 */
export const KEY = '((? << 40) | ?)'
export const KEY_OF_ROOM_START = '(? << 40)'
export const KEY_OF_ROOM_END = '((? << 40) | 0xffffffffff)'

export const checksumOf = (row: Omit<Row, 'checksum' | 'sums'>): number =>
  crc32(row.bytes, crc32(`${row.room}\n${row.first}\n${row.last}\n${row.kind}\n${row.ids ?? ''}`))

export const isWhole = (row: UncheckedRow): row is Row =>
  typeof row.room === 'string' &&
  typeof row.first === 'number' &&
  typeof row.last === 'number' &&
  typeof row.kind === 'number' &&
  (row.ids === null || typeof row.ids === 'string') &&
  row.bytes instanceof Uint8Array &&
  row.checksum === checksumOf(row as Row)

export const packIds = (ids: readonly CommandId[]): string | null =>
  ids.length === 0 ? null : JSON.stringify(ids.map(({ id, seq }) => [id, seq]))

/** Only for the ids of a verified row. */
export const unpackIds = (ids: string | null): readonly (readonly [id: string, seq: number])[] =>
  ids === null ? [] : JSON.parse(ids)

/** A length as a varint of at most five bytes, and a hash of four. */
const MOST_SUM_BYTES = 9

/**
 * Length and hash of each entry of a packed batch: when the row's checksum fails, each entry can still be verified alone. Null for a
 * batch of one entry, which the row's checksum covers.
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
 * The verified part of a row of a room: the row itself when its checksum holds, otherwise rows of the entries that verify, each without
 * a gap inside. Empty when nothing verifies.
 */
export const verifiedRows = (row: UncheckedRow, room: string): readonly Row[] => {
  if (isWhole(row) && row.room === room) return [row]
  const mended = restored(row, room)
  if (mended !== undefined) return [mended]
  const { first, kind } = row
  const kept = kind === KIND.kept
  const runs: Entry[][] = []
  let before: number | undefined
  for (const { index, entry } of verifiedEntries(row, room)) {
    // An entry that verifies at a wrong place belongs to another row.
    if (kept ? entry.seq < (before ?? Number(first)) : entry.seq !== Number(first) + index) continue
    if (runs.length === 0 || (!kept && entry.seq !== before! + 1)) runs.push([])
    runs.at(-1)!.push(entry)
    before = entry.seq
  }
  return runs.map((entries) => rowOf(room, entries, { kept, ids: idsWithin(row.ids, entries), first: Number(first) }))
}

/** The entries of a verified row; none where they are of a kind that this version does not know. */
export const entriesOf = ({ room, bytes }: Pick<Row, 'room' | 'bytes'>): readonly Entry[] => {
  try {
    return unpackEntries(room, bytes).entries
  } catch (error) {
    if (!(error instanceof BadEntries)) throw error
    return []
  }
}

/** Whether the row is intact. */
export const isComplete = (row: UncheckedRow, rows: readonly Row[]): boolean => rows[0] === row

/** A row of these ascending entries of one room. */
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

/** The row, when only its name, its kind or its last sequence is damaged: these can be restored. */
const restored = (row: UncheckedRow, room: string): Row | undefined => {
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

/** The entries of a row whose own hash holds, with their indexes. */
function* verifiedEntries({ bytes, sums }: UncheckedRow, room: string): Generator<{ index: number; entry: Entry }> {
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

/** The command ids of these entries, as far as they are readable; a message that is sent again is recognised by its id. */
const idsWithin = (ids: unknown, entries: readonly Entry[]): string | null => {
  if (typeof ids !== 'string') return null
  const seqs = new Set(entries.map(({ seq }) => seq))
  try {
    const pairs: unknown = JSON.parse(ids)
    if (!Array.isArray(pairs)) return null
    const known = pairs.filter((pair) => Array.isArray(pair) && typeof pair[0] === 'string' && seqs.has(pair[1]))
    return known.length === 0 ? null : JSON.stringify(known)
  } catch {
    return null // Damaged too: ids matter only for a minute.
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/**
 * MurmurHash3, 32 bits: detects every change within four bytes, and all others but one in 2^32. Five times as fast here as a zlib call
 * for each entry.
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
