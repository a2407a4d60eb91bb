import { PAGE_SIZE } from './database.ts'

/** A value as a record stores it. */
export type Value = number | string | Uint8Array | null

export interface Cell {
  readonly rowid: bigint
  readonly values: readonly Value[]
}

/** A page by its number, undefined where it cannot be read. */
export type PageOf = (page: number) => Buffer | undefined

const TABLE_LEAF = 13
/** Index pages. An interior table page is read all the same: it may be a leaf with a flipped bit. */
const OTHER_PAGES = new Set([2, 10])
const LEAF_HEADER_BYTES = 8
const FILE_HEADER_BYTES = 100
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
/** Columns of our tables: rooms, batches of schema 1 and of schema 2. */
const OURS: readonly number[] = [5, 7, 8]
/** Columns of the search index and of its progress. */
const OTHERS: readonly number[] = [2, 3]
/** The most bytes before the values of a cell. */
const HEAD_BYTES = 32
/** At most so many unreadable cells of a page are tried with flipped bits; a page with more is noise. */
const FLIPPED_CELLS = 64

/** `accept` takes a record whose checksum holds and answers whether it does; `leave` gets records that fail with every flipped bit. */
export interface Taking {
  accept(cell: Cell): boolean
  leave(cell: Cell): void
}

/**
 * Reads the records on a table leaf (https://sqlite.org/fileformat2.html#b_tree_pages) without trusting anything, not even the count of
 * cells: pointers are read up to where accepted cells begin. When a cell does not verify, each bit that leads to its values is tried
 * flipped: one flipped bit there would cost the whole row.
 */
export const readLeaf = (page: Buffer, number: number, pageOf: PageOf, taking: Taking): void => {
  const header = number === 1 ? FILE_HEADER_BYTES : 0
  if (OTHER_PAGES.has(page[header]!)) return
  const counted = page[header] === TABLE_LEAF ? page.readUInt16BE(header + 3) : 0
  let contentFrom = page.length
  let flipped = 0
  for (let index = 0; ; index += 1) {
    const slot = header + LEAF_HEADER_BYTES + index * 2
    if (slot + 2 > contentFrom) return
    const pointer = page.readUInt16BE(slot)
    if (pointer === 0 && index >= counted) return
    const cell = cellAt(page, slot, pageOf)
    if (cell !== undefined && taking.accept(cell)) {
      contentFrom = Math.min(contentFrom, pointer)
      continue
    }
    if (cell === undefined && (index >= Math.max(counted, 1) || isAnotherTables(page, pointer))) continue
    flipped += 1
    if (flipped <= FLIPPED_CELLS && acceptFlipped(page, slot, pageOf, taking)) continue
    if (cell !== undefined) taking.leave(cell)
  }
}

const cellAt = (page: Buffer, slot: number, pageOf: PageOf): Cell | undefined => {
  const pointer = page.readUInt16BE(slot)
  return pointer > slot && pointer < page.length ? readCell(page, pointer, pageOf) : undefined
}

const acceptFlipped = (page: Buffer, slot: number, pageOf: PageOf, { accept }: Taking): boolean => {
  const pointer = page.readUInt16BE(slot)
  const accepted = (pages: PageOf) => {
    const cell = cellAt(page, slot, pages)
    return cell !== undefined && accept(cell)
  }
  if (flipEach(page, slot, 2, () => accepted(pageOf))) return true
  const visited: number[] = []
  const noting: PageOf = (number) => {
    visited.push(number)
    return pageOf(number)
  }
  const cell = cellAt(page, slot, noting)
  if (flipEach(page, pointer, HEAD_BYTES, () => accepted(pageOf))) return true
  // The chain of overflow pages: the first link is on the leaf, the others begin their page.
  const link = linkOf(page, pointer)
  if (cell === undefined && link === undefined) return false
  if (link !== undefined && flipEach(page, link, 4, () => accepted(pageOf))) return true
  return visited.some((number) => {
    const copy = pageOf(number)
    if (copy === undefined) return false
    const changed = Buffer.from(copy)
    return flipEach(changed, 0, 4, () => accepted((wanted) => (wanted === number ? changed : pageOf(wanted))))
  })
}

/** Whether `found` holds with one of these bits flipped; the bytes are restored afterwards. */
const flipEach = (bytes: Buffer, from: number, length: number, found: () => boolean): boolean => {
  for (let at = from; at < Math.min(from + length, bytes.length); at += 1) {
    const before = bytes[at]!
    for (let bit = 1; bit < 256; bit <<= 1) {
      bytes[at] = before ^ bit
      const isIt = found()
      bytes[at] = before
      if (isIt) return true
    }
  }
  return false
}

const readCell = (page: Buffer, at: number, pageOf: PageOf): Cell | undefined => {
  const length = varint(page, at)
  const rowid = length && varint(page, length.next)
  if (length === undefined || rowid === undefined) return undefined
  const size = Number(length.value)
  if (size < 2 || size > MAX_PAYLOAD_BYTES || !isOurs(page.subarray(rowid.next), size)) return undefined
  const payload = readPayload(page, rowid.next, size, pageOf)
  const values = payload && readRecord(payload)
  return values && { rowid: BigInt.asIntN(64, rowid.value), values }
}

/** The number of columns in the head of a record, when their lengths add up to the record's. */
const columnsOf = (head: Buffer, size: number): number | undefined => {
  const end = varint(head, 0)
  if (end === undefined || end.value > BigInt(Math.min(head.length, HEAD_BYTES))) return undefined
  let columns = 0
  let bytes = Number(end.value)
  for (let next = end.next; next < end.value; columns += 1) {
    const type = varint(head, next)
    if (type === undefined) return undefined
    bytes += sizeOf(Number(type.value))
    next = type.next
  }
  return bytes === size ? columns : undefined
}

const isOurs = (head: Buffer, size: number): boolean => OURS.includes(columnsOf(head, size) ?? 0)

/** A cell of another table, which holds nothing to salvage. */
const isAnotherTables = (page: Buffer, at: number): boolean => {
  const length = varint(page, at)
  const rowid = length && varint(page, length.next)
  if (length === undefined || rowid === undefined) return false
  const columns = columnsOf(page.subarray(rowid.next), Number(length.value))
  return columns !== undefined && OTHERS.includes(columns)
}

/** The bytes of an overflowing payload that are on the leaf. */
const localBytes = (usable: number, size: number, most = usable - 35): number => {
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const fitting = least + ((size - least) % (usable - 4))
  return fitting <= most ? fitting : least
}

/** The place of a cell's link to its first overflow page; undefined without one. */
const linkOf = (page: Buffer, at: number): number | undefined => {
  const length = varint(page, at)
  const rowid = length && varint(page, length.next)
  if (length === undefined || rowid === undefined) return undefined
  const size = Number(length.value)
  return size <= page.length - 35 || size > MAX_PAYLOAD_BYTES ? undefined : rowid.next + localBytes(page.length, size)
}

/** A payload that does not fit on the leaf goes on in a chain of overflow pages. */
const readPayload = (page: Buffer, at: number, size: number, pageOf: PageOf): Buffer | undefined => {
  const usable = page.length
  if (size <= usable - 35) return at + size <= page.length ? page.subarray(at, at + size) : undefined
  const local = localBytes(usable, size)
  if (at + local + 4 > page.length) return undefined
  const parts = [page.subarray(at, at + local)]
  let missing = size - local
  for (let next = page.readUInt32BE(at + local); missing > 0; ) {
    const overflow = next === 0 ? undefined : pageOf(next)
    if (overflow === undefined) return undefined
    parts.push(overflow.subarray(4, 4 + Math.min(missing, usable - 4)))
    missing -= usable - 4
    next = overflow.readUInt32BE(0)
  }
  return Buffer.concat(parts)
}

/** https://sqlite.org/fileformat2.html#record_format */
const readRecord = (payload: Buffer): Value[] | undefined => {
  const header = varint(payload, 0)
  if (header === undefined || header.value > payload.length) return undefined
  const values: Value[] = []
  const headerEnd = Number(header.value)
  let at = headerEnd
  for (let next = header.next; next < headerEnd; ) {
    const type = varint(payload, next)
    if (type === undefined) return undefined
    const serial = Number(type.value)
    const size = sizeOf(serial)
    if (at + size > payload.length) return undefined
    values.push(decodeValue(serial, payload.subarray(at, at + size)))
    at += size
    next = type.next
  }
  return values
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0]
const FLOAT = 7
const ZERO = 8
const ONE = 9

const sizeOf = (serial: number): number => INTEGER_BYTES[serial] ?? Math.floor((serial - 12) / 2)

const decodeValue = (serial: number, bytes: Buffer): Value => {
  if (serial === 0) return null
  if (serial === ZERO || serial === ONE) return serial - ZERO
  if (serial === FLOAT) return bytes.readDoubleBE()
  if (bytes.length === 0 && serial < 12) return null
  if (serial < 12) return bytes.length === 8 ? Number(bytes.readBigInt64BE()) : bytes.readIntBE(0, bytes.length)
  return serial % 2 === 0 ? bytes : bytes.toString('utf8')
}

const varint = (bytes: Buffer, at: number): { value: bigint; next: number } | undefined => {
  let value = 0n
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    if (index === 8) return { value: (value << 8n) | BigInt(byte), next: at + 9 }
    value = (value << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  return undefined
}

/** A page of an undamaged file by its number. */
export type PageReader = (page: number) => Buffer

const U32_BYTES = 4
const FIRST_TRUNK_AT = 32

/** The free pages of a database, each with the place from which on it holds nothing; https://sqlite.org/fileformat2.html#the_freelist */
export const freePages = (read: PageReader): Map<number, number> => {
  const free = new Map<number, number>()
  for (let trunk = read(1).readUInt32BE(FIRST_TRUNK_AT); trunk !== 0 && !free.has(trunk); ) {
    const bytes = read(trunk)
    const count = Math.min(bytes.readUInt32BE(U32_BYTES), PAGE_SIZE / U32_BYTES - 2)
    free.set(trunk, (2 + count) * U32_BYTES)
    for (let index = 0; index < count; index += 1) free.set(bytes.readUInt32BE((2 + index) * U32_BYTES), 0)
    trunk = bytes.readUInt32BE(0)
  }
  return free
}

export type Part = readonly [from: number, to: number]

/** Where a page holds nothing, and the last pages of its cells' overflow chains, each with the place from which on it holds nothing. */
export interface Unused {
  readonly parts: readonly Part[]
  readonly tails: readonly { readonly page: number; readonly from: number }[]
}

const NOTHING: Unused = { parts: [], tails: [] }
const INTERIOR = new Set([2, 5])
const INDEX = new Set([2, 10])
const LEAST_CELL_BYTES = 4

/**
 * The unused parts of a b-tree page; none where the page is of another kind, or where its parts do not add up as SQLite's do: then it is damaged, and
 * what seems unused may be what a salvage finds.
 */
export const unusedParts = (page: Buffer, number: number, read: PageReader): Unused => {
  const header = number === 1 ? FILE_HEADER_BYTES : 0
  const type = page[header]!
  if (type !== TABLE_LEAF && !INTERIOR.has(type) && !INDEX.has(type)) return NOTHING
  const pointers = header + LEAF_HEADER_BYTES + (INTERIOR.has(type) ? U32_BYTES : 0)
  const count = page.readUInt16BE(header + 3)
  const pointersEnd = pointers + count * 2
  if (pointersEnd > page.length) return NOTHING
  const used: Part[] = [[0, pointersEnd]]
  const tails: Unused['tails'][number][] = []
  for (let slot = pointers; slot < pointersEnd; slot += 2) {
    const at = page.readUInt16BE(slot)
    const { end, missing } = cellEnd(page, type, at)
    if (at < pointersEnd || end > page.length) return NOTHING
    used.push([at, end])
    if (missing > 0) {
      const tail = tailOf(page.readUInt32BE(end - U32_BYTES), missing, read)
      if (tail !== undefined) tails.push(tail)
    }
  }
  let freeBytes = page[header + 7]!
  for (let at = page.readUInt16BE(header + 1), before = 0; at !== 0; ) {
    if (at <= before || at + U32_BYTES > page.length) return NOTHING
    used.push([at, at + U32_BYTES])
    freeBytes += page.readUInt16BE(at + 2)
    before = at
    at = page.readUInt16BE(at)
  }
  const contentFrom = page.readUInt16BE(header + 5) || page.length
  if (contentFrom < pointersEnd) return NOTHING
  const parts: Part[] = []
  let at = 0
  let content = 0
  for (const [from, to] of used.sort(([one], [other]) => one - other)) {
    if (from < at) return NOTHING
    if (from > at) parts.push([at, from])
    at = to
    if (from > 0 && from < contentFrom) return NOTHING
  }
  if (at < page.length) parts.push([at, page.length])
  for (const [from, to] of parts) content += to - from
  const heads = used.length - count - 1
  return content + heads * U32_BYTES === contentFrom - pointersEnd + freeBytes ? { parts, tails } : NOTHING
}

/** The end of a cell on its page, and how many bytes of it are in overflow pages. */
const cellEnd = (page: Buffer, type: number, at: number): { end: number; missing: number } => {
  let next = at + (INTERIOR.has(type) ? U32_BYTES : 0)
  if (type === 5) return { end: varintEnd(page, next), missing: 0 }
  let size = 0
  for (; page[next]! >= 0x80; next += 1) size = size * 0x80 + (page[next]! & 0x7f)
  size = size * 0x80 + (page[next] ?? 0)
  next += 1
  if (type === TABLE_LEAF) next = varintEnd(page, next)
  const most = INDEX.has(type) ? Math.floor(((page.length - 12) * 64) / 255) - 23 : page.length - 35
  if (size <= most) return { end: Math.max(next + size, at + LEAST_CELL_BYTES), missing: 0 }
  const local = localBytes(page.length, size, most)
  return { end: next + local + U32_BYTES, missing: size - local }
}

const varintEnd = (page: Buffer, at: number): number => {
  let next = at
  while (next < at + 8 && page[next]! >= 0x80) next += 1
  return next + 1
}

/** The last page of an overflow chain with so many bytes. */
const tailOf = (first: number, bytes: number, read: PageReader) => {
  const each = PAGE_SIZE - U32_BYTES
  let page = first
  let left = bytes
  for (; left > each && page !== 0; left -= each) page = read(page).readUInt32BE(0)
  return page === 0 ? undefined : { page, from: U32_BYTES + left }
}

/** One version of one page. */
export interface Frame {
  readonly page: number
  readonly bytes: Buffer
}

/** The contents of a write-ahead log, read by hand. */
export interface WalScan {
  /** The frames of complete commits, oldest first, also those behind a damaged place. */
  readonly frames: readonly Frame[]
  /** Set when complete commits lie behind a damaged place: SQLite would drop them. */
  readonly damage: string | undefined
  readonly bytes: Buffer
}

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC_LITTLE_ENDIAN = 0x377f0682
/** The damaged commit's own and one more: a commit is written only after the one before was synced. */
const COMMITS_THAT_PROVE_DAMAGE = 2

/** Reads a log as in https://sqlite.org/fileformat2.html#walformat. */
export const scanWal = (bytes: Buffer): WalScan => {
  if (bytes.length < HEADER_BYTES + FRAME_HEADER_BYTES + PAGE_SIZE) return { frames: [], damage: undefined, bytes }
  const [first, second] = sums(bytes, 0, 24, 0, 0)
  const headerHolds =
    bytes.readUInt32BE(0) === MAGIC_LITTLE_ENDIAN &&
    bytes.readUInt32BE(8) === PAGE_SIZE &&
    bytes.readUInt32BE(24) === first &&
    bytes.readUInt32BE(28) === second
  // Each run of the log has its own salts; frames with others are left from an earlier run.
  const salts = bytes.subarray(headerHolds ? 16 : HEADER_BYTES + 8).subarray(0, 8)
  const frames: Frame[] = []
  let chain: readonly [number, number] | undefined = headerHolds ? [first, second] : undefined
  let committed = 0
  let commitsBehindDamage = 0
  for (
    let at = HEADER_BYTES;
    at + FRAME_HEADER_BYTES + PAGE_SIZE <= bytes.length;
    at += FRAME_HEADER_BYTES + PAGE_SIZE
  ) {
    const isOfThisRun = bytes.compare(salts, 0, 8, at + 8, at + 16) === 0
    if (chain !== undefined) chain = isOfThisRun ? continued(bytes, at, chain) : undefined
    if (!isOfThisRun) continue
    const body = at + FRAME_HEADER_BYTES
    frames.push({ page: bytes.readUInt32BE(at), bytes: bytes.subarray(body, body + PAGE_SIZE) })
    if (bytes.readUInt32BE(at + 4) === 0) continue
    committed = frames.length
    if (chain === undefined) commitsBehindDamage += 1
  }
  const isDamaged = commitsBehindDamage >= COMMITS_THAT_PROVE_DAMAGE
  return {
    frames: frames.slice(0, committed),
    damage: isDamaged ? 'the log is damaged in the middle' : undefined,
    bytes,
  }
}

/** The pages whose newest versions may be in a log, whichever run of it they are of. */
export function* loggedPages(log: Buffer): Generator<number> {
  const step = FRAME_HEADER_BYTES + PAGE_SIZE
  for (let at = HEADER_BYTES; at + step <= log.length; at += step) yield log.readUInt32BE(at)
}

/** The running checksum after the frame at `at`; undefined when the frame has another one. */
const continued = (bytes: Buffer, at: number, chain: readonly [number, number]): [number, number] | undefined => {
  const [header0, header1] = sums(bytes, at, at + 8, ...chain)
  const body = at + FRAME_HEADER_BYTES
  const [sum0, sum1] = sums(bytes, body, body + PAGE_SIZE, header0, header1)
  return bytes.readUInt32BE(at + 16) === sum0 && bytes.readUInt32BE(at + 20) === sum1 ? [sum0, sum1] : undefined
}

const sums = (bytes: Buffer, from: number, to: number, start0: number, start1: number): [number, number] => {
  let sum0 = start0
  let sum1 = start1
  for (let at = from; at < to; at += 8) {
    sum0 = (sum0 + bytes.readUInt32LE(at) + sum1) >>> 0
    sum1 = (sum1 + bytes.readUInt32LE(at + 4) + sum0) >>> 0
  }
  return [sum0, sum1]
}
