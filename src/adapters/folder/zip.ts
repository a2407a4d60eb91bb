import { crc32 } from 'node:zlib'
import { MODES } from '#protocol/tar.ts'

// A zip (APPNOTE 6.3.10) of stored members that is written in one go: sizes are known before, checksums behind each content. Beside each member a number is kept, no
// stream and no record: the directory at the end is made of the members once more.

/** A file, or without a size a folder. */
export interface ZipMember {
  readonly path: string
  /** Seconds since 1970. */
  readonly modified: number
  readonly size?: number
  readonly executable?: boolean
}

const VERSION = 45
const UNIX = 3
/** The checksum follows the content; the name is UTF-8. */
const FILE_FLAGS = 0x0808
const FOLDER_FLAGS = 0x0800
const [FILE_TYPE, FOLDER_TYPE, DOS_FOLDER] = [0o100_000, 0o040_000, 0x10]
/** In the place of a number that stands in a zip64 field. */
const [MOST_32, MOST_16] = [0xffffffff, 0xffff]
const MOST_SECONDS = 0x7fffffff
const [LOCAL_BYTES, CENTRAL_BYTES, TIME_BYTES] = [30, 46, 9]
/** Bytes of the directory that are made at once. */
const PIECE_BYTES = 64 * 1024

export class Zip {
  /** Of all of it. */
  readonly size: number
  readonly #members: readonly ZipMember[]
  readonly #checksums: Uint32Array
  readonly #directoryAt: number

  constructor(members: readonly ZipMember[]) {
    this.#members = members
    this.#checksums = new Uint32Array(members.length)
    let at = 0
    let directory = 0
    for (const member of members) {
      directory += CENTRAL_BYTES + Buffer.byteLength(member.path) + TIME_BYTES + zip64Bytes(member, at)
      at += placeOf(member)
    }
    this.#directoryAt = at
    this.size = at + directory + endOf(members.length, at, directory).length
  }

  /** A member with its content, which has as many bytes as were promised. */
  async *member(index: number, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
    const member = this.#members[index] as ZipMember
    const { path, size } = member
    const name = Buffer.from(path)
    const isLarge = size !== undefined && size >= MOST_32
    const known = isLarge ? MOST_32 : 0
    const extra = isLarge ? numbers([2, 1], [2, 16], [8, size], [8, size]) : Buffer.alloc(0)
    yield Buffer.concat([
      numbers([4, 0x04034b50], ...about(member)),
      numbers([4, 0], [4, known], [4, known], [2, name.length], [2, TIME_BYTES + extra.length]),
      ...[name, timeOf(member), extra],
    ])
    if (size === undefined) return
    let checksum = 0
    for await (const piece of content) {
      checksum = crc32(piece, checksum)
      yield piece
    }
    this.#checksums[index] = checksum
    const bytes = isLarge ? 8 : 4
    yield numbers([4, 0x08074b50], [4, checksum], [bytes, size], [bytes, size])
  }

  /** What follows the last member. */
  *directory(): Generator<Uint8Array, undefined> {
    let at = 0
    let held: Buffer[] = []
    let bytes = 0
    for (const [index, member] of this.#members.entries()) {
      held.push(...this.#record(member, this.#checksums[index] ?? 0, at))
      at += placeOf(member)
      if (held.length < PIECE_BYTES / CENTRAL_BYTES) continue
      const piece = Buffer.concat(held)
      bytes += piece.length
      yield piece
      held = []
    }
    const rest = Buffer.concat(held)
    yield rest
    yield endOf(this.#members.length, this.#directoryAt, bytes + rest.length)
  }

  #record(member: ZipMember, checksum: number, at: number): Buffer[] {
    const { path, size, executable } = member
    const name = Buffer.from(path)
    const [isLarge, isFar] = [(size ?? 0) >= MOST_32, at >= MOST_32]
    const wide = [...(isLarge ? [size ?? 0, size ?? 0] : []), ...(isFar ? [at] : [])]
    const extra =
      wide.length === 0 ? [] : [numbers([2, 1], [2, 8 * wide.length], ...wide.map((value) => [8, value] as const))]
    const length = isLarge ? MOST_32 : (size ?? 0)
    const type = size === undefined ? FOLDER_TYPE | MODES.folder : FILE_TYPE | MODES[executable ? 'executable' : 'file']
    return [
      numbers([4, 0x02014b50], [1, VERSION], [1, UNIX], ...about(member), [4, checksum], [4, length], [4, length]),
      numbers([2, name.length], [2, TIME_BYTES + zip64Bytes(member, at)], [2, 0], [2, 0], [2, 0]),
      numbers([2, size === undefined ? DOS_FOLDER : 0], [2, type], [4, isFar ? MOST_32 : at]),
      ...[name, timeOf(member), ...extra],
    ]
  }
}

/** Bytes of a member with its content and all about it, but for the directory. */
function placeOf({ path, size }: ZipMember): number {
  const header = LOCAL_BYTES + Buffer.byteLength(path) + TIME_BYTES
  if (size === undefined) return header
  return header + size + (size >= MOST_32 ? 20 + 24 : 16)
}

const zip64Bytes = ({ size = 0 }: ZipMember, at: number): number => {
  const bytes = (size >= MOST_32 ? 16 : 0) + (at >= MOST_32 ? 8 : 0)
  return bytes === 0 ? 0 : 4 + bytes
}

type Field = readonly [bytes: 1 | 2 | 4 | 8, value: number]

/** Version, flags, method and time, as both headers have them. The time of day is that of this machine. */
function about({ modified, size }: ZipMember): Field[] {
  const time = new Date(modified * 1000)
  const year = Math.min(Math.max(time.getFullYear(), 1980), 2107)
  const day = ((year - 1980) << 9) | ((time.getMonth() + 1) << 5) | time.getDate()
  const clock = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1)
  return [
    [2, VERSION],
    [2, size === undefined ? FOLDER_FLAGS : FILE_FLAGS],
    [2, 0],
    [2, clock],
    [2, day],
  ]
}

/** The time in seconds, independent of places. */
const timeOf = ({ modified }: ZipMember): Buffer =>
  numbers([2, 0x5455], [2, 5], [1, 1], [4, Math.min(modified, MOST_SECONDS)])

function endOf(count: number, at: number, bytes: number): Buffer {
  const isLarge = count >= MOST_16 || at >= MOST_32 || bytes >= MOST_32
  const short = [Math.min(count, MOST_16), Math.min(bytes, MOST_32), Math.min(at, MOST_32)] as const
  const end = numbers([4, 0x06054b50], [4, 0], [2, short[0]], [2, short[0]], [4, short[1]], [4, short[2]], [2, 0])
  if (!isLarge) return end
  return Buffer.concat([
    numbers([4, 0x06064b50], [8, 44], [1, VERSION], [1, UNIX], [2, VERSION], [8, 0], [8, count], [8, count]),
    numbers([8, bytes], [8, at]),
    numbers([4, 0x07064b50], [4, 0], [8, at + bytes], [4, 1]),
    end,
  ])
}

/** Little-endian, as all of a zip is. */
function numbers(...fields: readonly Field[]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0))
  let at = 0
  for (const [bytes, value] of fields)
    at = bytes === 8 ? buffer.writeBigUInt64LE(BigInt(value), at) : buffer.writeUIntLE(value, at, bytes)
  return buffer
}
