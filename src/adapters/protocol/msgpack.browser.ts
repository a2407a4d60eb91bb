/**
 * msgpack without the package that hosts use, which is a quarter of a page's allowed weight and tries at its start whether it may
 * make functions of text: in pages that breaks the policy (C96). Bytes and values are the same.
 */

/** The values in messages; fields that are undefined are left out. */
type Value = string | number | boolean | undefined | readonly Value[] | { readonly [key: string]: Value }

export function pack(value: object): Uint8Array {
  const bytes: number[] = []
  write(value as Value, bytes)
  return Uint8Array.from(bytes)
}

/** For bytes that the prescan has passed: it knows no limits of its own. */
export function unpack(bytes: Uint8Array): unknown {
  return read({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 })
}

function write(value: Value, to: number[]): void {
  if (typeof value === 'number') writeNumber(value, to)
  else if (typeof value === 'boolean') to.push(value ? 0xc3 : 0xc2)
  else if (typeof value === 'string') {
    const text = new TextEncoder().encode(value)
    writeHead(to, text.length, [0xa0, 32], [0xd9, 0xda, 0xdb])
    for (const byte of text) to.push(byte)
  } else if (Array.isArray(value)) {
    writeHead(to, value.length, [0x90, 16], [undefined, 0xdc, 0xdd])
    for (const each of value) write(each, to)
  } else if (value !== undefined) {
    const fields = Object.entries(value).filter(([, each]) => each !== undefined)
    writeHead(to, fields.length, [0x80, 16], [undefined, 0xde, 0xdf])
    for (const [key, each] of fields) {
      write(key, to)
      write(each, to)
    }
  }
}

/** How long something is, in the shortest form: in the byte of its kind, or in 1, 2 or 4 behind one. */
function writeHead(
  to: number[],
  length: number,
  [short, below]: readonly [kind: number, below: number],
  [one, two, four]: readonly [number | undefined, number, number],
): void {
  if (length < below) to.push(short | length)
  else if (one !== undefined && length < 0x100) to.push(one, length)
  else if (length < 0x10000) to.push(two, ...bigEndian(length, 2))
  else to.push(four, ...bigEndian(length, 4))
}

function writeNumber(value: number, to: number[]): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    const float = new DataView(new ArrayBuffer(8))
    float.setFloat64(0, value)
    to.push(0xcb, ...new Uint8Array(float.buffer))
  } else if (value < 0x80) to.push(value)
  else if (value < 0x100) to.push(0xcc, value)
  else if (value < 0x10000) to.push(0xcd, ...bigEndian(value, 2))
  else to.push(0xce, ...bigEndian(value, 4))
}

const bigEndian = (value: number, bytes: number): readonly number[] =>
  Array.from({ length: bytes }, (_, index) => (value >>> (8 * (bytes - 1 - index))) & 0xff)

interface Source {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

function read(from: Source): unknown {
  const head = from.view.getUint8(from.at++)
  if (head < 0x80) return head
  if (head >= 0xe0) return head - 0x100
  if (head < 0x90) return readMap(from, head & 0x0f)
  if (head < 0xa0) return readArray(from, head & 0x0f)
  if (head < 0xc0) return readText(from, head & 0x1f)
  const { view } = from
  const take = (size: number) => {
    from.at += size
    return from.at - size
  }
  switch (head) {
    case 0xc0:
      return null
    case 0xc2:
    case 0xc3:
      return head === 0xc3
    case 0xc4:
      return readBytes(from, view.getUint8(take(1)))
    case 0xc5:
      return readBytes(from, view.getUint16(take(2)))
    case 0xc6:
      return readBytes(from, view.getUint32(take(4)))
    case 0xca:
      return view.getFloat32(take(4))
    case 0xcb:
      return view.getFloat64(take(8))
    case 0xcc:
      return view.getUint8(take(1))
    case 0xcd:
      return view.getUint16(take(2))
    case 0xce:
      return view.getUint32(take(4))
    case 0xcf:
      return Number(view.getBigUint64(take(8)))
    case 0xd0:
      return view.getInt8(take(1))
    case 0xd1:
      return view.getInt16(take(2))
    case 0xd2:
      return view.getInt32(take(4))
    case 0xd3:
      return Number(view.getBigInt64(take(8)))
    case 0xd9:
      return readText(from, view.getUint8(take(1)))
    case 0xda:
      return readText(from, view.getUint16(take(2)))
    case 0xdb:
      return readText(from, view.getUint32(take(4)))
    case 0xdc:
      return readArray(from, view.getUint16(take(2)))
    case 0xdd:
      return readArray(from, view.getUint32(take(4)))
    case 0xde:
      return readMap(from, view.getUint16(take(2)))
    case 0xdf:
      return readMap(from, view.getUint32(take(4)))
    default:
      throw new RangeError('no msgpack that the prescan lets pass')
  }
}

const readArray = (from: Source, length: number): readonly unknown[] => Array.from({ length }, () => read(from))

function readMap(from: Source, length: number): object {
  // Without a prototype, `__proto__` is a key like any other (C104).
  const map: Record<string, unknown> = Object.create(null)
  for (let index = 0; index < length; index++) {
    const key = String(read(from))
    map[key] = read(from)
  }
  return map
}

function readBytes(from: Source, length: number): Uint8Array {
  from.at += length
  return from.bytes.slice(from.at - length, from.at)
}

const text = new TextDecoder('utf-8', { ignoreBOM: true })

function readText(from: Source, length: number): string {
  from.at += length
  return text.decode(from.bytes.subarray(from.at - length, from.at))
}
