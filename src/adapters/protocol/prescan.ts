/** Arrays and maps inside each other. */
export const MAX_DEPTH = 8
/** Keys of one map, so that looking for the same one twice stays cheap. */
const MAX_KEYS = 32

/** Why bytes are not decoded at all. */
export type ScanFault =
  | 'empty'
  | 'cut short'
  | 'too deep'
  | 'too many items'
  | 'too many keys'
  | 'key is no short text'
  | 'key twice'
  | 'extension'
  | 'reserved byte'
  | 'not UTF-8'
  | 'bytes behind the value'

interface Scan {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
  items: number
  fault: ScanFault | undefined
}

/**
 * Checks one msgpack value before it is decoded: a decoder would allocate as much as a few bytes declare (C101 to C103), and take
 * the second of two equal keys (C104). Undefined where it may be decoded.
 */
export function prescan(bytes: Uint8Array, maxItems: number): ScanFault | undefined {
  if (bytes.length === 0) return 'empty'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const scan: Scan = { bytes, view, at: 0, items: maxItems, fault: undefined }
  value(scan, MAX_DEPTH)
  if (scan.fault !== undefined) return scan.fault
  return scan.at === bytes.length ? undefined : 'bytes behind the value'
}

/** Each of these answers whether the scan goes on. */
function value(scan: Scan, depth: number): boolean {
  if (--scan.items < 0) return failed(scan, 'too many items')
  if (scan.at >= scan.bytes.length) return failed(scan, 'cut short')
  const head = scan.bytes[scan.at++] as number
  if (head < 0x80 || head >= 0xe0) return true
  if (head < 0x90) return map(scan, head & 0x0f, depth)
  if (head < 0xa0) return array(scan, head & 0x0f, depth)
  if (head < 0xc0) return text(scan, head & 0x1f)
  switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return true
    case 0xc1:
      return failed(scan, 'reserved byte')
    case 0xc4:
      return skip(scan, length(scan, 1))
    case 0xc5:
      return skip(scan, length(scan, 2))
    case 0xc6:
      return skip(scan, length(scan, 4))
    case 0xcc:
    case 0xd0:
      return skip(scan, 1)
    case 0xcd:
    case 0xd1:
      return skip(scan, 2)
    case 0xca:
    case 0xce:
    case 0xd2:
      return skip(scan, 4)
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return skip(scan, 8)
    case 0xd9:
      return text(scan, length(scan, 1))
    case 0xda:
      return text(scan, length(scan, 2))
    case 0xdb:
      return text(scan, length(scan, 4))
    case 0xdc:
      return array(scan, length(scan, 2), depth)
    case 0xdd:
      return array(scan, length(scan, 4), depth)
    case 0xde:
      return map(scan, length(scan, 2), depth)
    case 0xdf:
      return map(scan, length(scan, 4), depth)
    default:
      return failed(scan, 'extension')
  }
}

function array(scan: Scan, count: number, depth: number): boolean {
  if (depth === 0) return failed(scan, 'too deep')
  if (count > scan.bytes.length - scan.at) return failed(scan, 'cut short')
  if (count > scan.items) return failed(scan, 'too many items')
  for (let index = 0; index < count; index++) if (!value(scan, depth - 1)) return false
  return true
}

function map(scan: Scan, count: number, depth: number): boolean {
  if (depth === 0) return failed(scan, 'too deep')
  if (2 * count > scan.bytes.length - scan.at) return failed(scan, 'cut short')
  if (count > MAX_KEYS) return failed(scan, 'too many keys')
  const keys: number[] = []
  for (let index = 0; index < count; index++) {
    const from = scan.at
    if (!key(scan)) return false
    for (const other of keys) if (isSame(scan.bytes, from, other, scan.at - from)) return failed(scan, 'key twice')
    keys.push(from)
    if (!value(scan, depth - 1)) return false
  }
  return true
}

/** Only in its shortest form, so that two that are equal have equal bytes. */
function key(scan: Scan): boolean {
  const head = scan.bytes[scan.at]
  if (head === undefined || head < 0xa0 || head > 0xbf) return failed(scan, 'key is no short text')
  scan.at++
  return text(scan, head & 0x1f)
}

function text(scan: Scan, count: number): boolean {
  const from = scan.at
  if (!skip(scan, count)) return false
  for (let at = from; at < scan.at; at++)
    if ((scan.bytes[at] as number) >= 0x80) return isUtf8(scan.bytes.subarray(at, scan.at)) || failed(scan, 'not UTF-8')
  return true
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

function isSame(bytes: Uint8Array, one: number, other: number, count: number): boolean {
  for (let index = 0; index < count; index++) if (bytes[one + index] !== bytes[other + index]) return false
  return true
}

function skip(scan: Scan, count: number): boolean {
  if (count > scan.bytes.length - scan.at) return failed(scan, 'cut short')
  scan.at += count
  return true
}

/** The length that the next `size` bytes declare; more than there can be where they are not there. */
function length(scan: Scan, size: 1 | 2 | 4): number {
  const { at, bytes, view } = scan
  if (size > bytes.length - at) return Number.MAX_SAFE_INTEGER
  scan.at += size
  if (size === 1) return view.getUint8(at)
  return size === 2 ? view.getUint16(at) : view.getUint32(at)
}

function failed(scan: Scan, why: ScanFault): false {
  scan.fault = why
  return false
}
