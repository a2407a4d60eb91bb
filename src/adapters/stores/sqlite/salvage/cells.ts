/** A value as a record stores it. */
export type Value = number | string | Uint8Array | null

export interface Cell {
  readonly rowid: bigint
  readonly values: readonly Value[]
}

/** A page by its number, undefined where it cannot be read. */
export type PageOf = (page: number) => Buffer | undefined

const TABLE_LEAF = 13
const OTHER_PAGES = new Set([2, 5, 10])
const LEAF_HEADER_BYTES = 8
const FILE_HEADER_BYTES = 100
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024

/**
 * The records on a table leaf, https://sqlite.org/fileformat2.html#b_tree_pages, read without trusting anything: `accept` says
 * whether a record is what it should be (a checksum), and everything that is not is passed over. The count of cells is not
 * trusted either: pointers are read up to where accepted cells begin.
 */
export const readLeaf = (page: Buffer, number: number, pageOf: PageOf, accept: (cell: Cell) => boolean): void => {
  const header = number === 1 ? FILE_HEADER_BYTES : 0
  if (OTHER_PAGES.has(page[header]!)) return
  const counted = page[header] === TABLE_LEAF ? page.readUInt16BE(header + 3) : 0
  let contentFrom = page.length
  for (let index = 0; ; index += 1) {
    const slot = header + LEAF_HEADER_BYTES + index * 2
    if (slot + 2 > contentFrom) return
    const pointer = page.readUInt16BE(slot)
    if (pointer === 0 && index >= counted) return
    const cell = pointer > slot && pointer < page.length ? readCell(page, pointer, pageOf) : undefined
    if (cell !== undefined && accept(cell)) contentFrom = Math.min(contentFrom, pointer)
  }
}

const readCell = (page: Buffer, at: number, pageOf: PageOf): Cell | undefined => {
  const length = varint(page, at)
  const rowid = length && varint(page, length.next)
  if (length === undefined || rowid === undefined) return undefined
  const size = Number(length.value)
  if (size < 2 || size > MAX_PAYLOAD_BYTES) return undefined
  const payload = readPayload(page, rowid.next, size, pageOf)
  const values = payload && readRecord(payload)
  return values && { rowid: BigInt.asIntN(64, rowid.value), values }
}

/** What does not fit on the leaf goes on in a chain of overflow pages. */
const readPayload = (page: Buffer, at: number, size: number, pageOf: PageOf): Buffer | undefined => {
  const usable = page.length
  const most = usable - 35
  if (size <= most) return at + size <= page.length ? page.subarray(at, at + size) : undefined
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const fitting = least + ((size - least) % (usable - 4))
  const local = fitting <= most ? fitting : least
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
