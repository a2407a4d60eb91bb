// SFTP version 3 (draft-ietf-secsh-filexfer-02), the server's side: bytes to requests, answers to bytes. No I/O.

/** The longest packet, without its length. */
const MOST_PACKET_BYTES = 256 * 1024
/** The longest piece of a file in one packet. */
export const MOST_DATA_BYTES = 255 * 1024

const TYPE = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const

const STATUS = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const
export type Status = keyof typeof STATUS

/** How a file is opened (`pflags`). */
export const OPEN = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const

const ATTRIBUTE = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x80000000 } as const
const FOLDER = 0o040755
const FILE = 0o100444
const UNFINISHED = 0o100644

export type Request = { readonly id: number } & (
  | { readonly type: 'open'; readonly path: string; readonly flags: number }
  | { readonly type: 'close' | 'fstat' | 'readdir'; readonly handle: string }
  | { readonly type: 'read'; readonly handle: string; readonly offset: number; readonly length: number }
  | { readonly type: 'write'; readonly handle: string; readonly offset: number; readonly data: Buffer }
  | { readonly type: 'fsetstat'; readonly handle: string; readonly size: number | undefined }
  | {
      readonly type: 'stat' | 'lstat' | 'setstat' | 'opendir' | 'remove' | 'mkdir' | 'rmdir' | 'realpath' | 'readlink'
      readonly path: string
    }
  | { readonly type: 'rename' | 'symlink'; readonly path: string; readonly to: string }
  /** `limits@openssh.com`, or `fsync@openssh.com` with its handle. */
  | { readonly type: 'extended'; readonly name: string; readonly handle: string }
  /** A type of packet that nobody knows. */
  | { readonly type: 'unknown' }
)

/** The first packet of a client. */
export interface Init {
  readonly type: 'init'
  readonly version: number
}

/** No packet can follow: the bytes are no SFTP. */
export interface Malformed {
  readonly type: 'malformed'
  readonly why: string
}

const LENGTH_BYTES = 4
/** Offsets beyond can be no file's, and numbers beyond are not exact. */
const MOST_OFFSET = Number.MAX_SAFE_INTEGER

/** Finds the packets in bytes that come in any pieces. */
export class SftpDecoder {
  #pieces: Buffer[] = []
  #held = 0
  #isOver = false

  /** The packets that are whole with this piece. Nothing follows one that is malformed. */
  push(piece: Buffer): readonly (Request | Init | Malformed)[] {
    const packets: (Request | Init | Malformed)[] = []
    if (this.#isOver) return packets
    this.#pieces.push(piece)
    this.#held += piece.length
    while (!this.#isOver && this.#held >= LENGTH_BYTES) {
      const length = this.#peek().readUInt32BE(0)
      const isLength = length > 0 && length <= MOST_PACKET_BYTES
      if (isLength && this.#held < LENGTH_BYTES + length) break
      const packet = isLength ? parsed(this.#take(LENGTH_BYTES + length).subarray(LENGTH_BYTES)) : badLength(length)
      packets.push(packet)
      this.#isOver = packet.type === 'malformed'
    }
    return packets
  }

  /** The first piece, with at least a length in it. */
  #peek(): Buffer {
    const [first] = this.#pieces
    if (first !== undefined && first.length >= LENGTH_BYTES) return first
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }

  #take(length: number): Buffer {
    const [first] = this.#pieces
    const joined = first !== undefined && first.length >= length ? first : Buffer.concat(this.#pieces)
    const rest = joined.length === this.#held ? [] : this.#pieces.slice(1)
    this.#pieces = joined.length > length ? [joined.subarray(length), ...rest] : rest
    this.#held -= length
    return joined.subarray(0, length)
  }
}

const badLength = (length: number): Malformed => ({ type: 'malformed', why: `a packet of ${length} bytes` })

function parsed(packet: Buffer): Request | Init | Malformed {
  const reader = new Reader(packet)
  const type = reader.byte()
  const id = reader.uint32()
  const request = type === TYPE.init ? ({ type: 'init', version: id } as const) : requestOf(type, id, reader)
  return reader.isShort ? { type: 'malformed', why: `a packet of type ${type} that is too short` } : request
}

function requestOf(type: number, id: number, reader: Reader): Request {
  switch (type) {
    case TYPE.open:
      return { id, type: 'open', path: reader.text(), flags: reader.uint32() }
    case TYPE.close:
      return { id, type: 'close', handle: reader.text() }
    case TYPE.read:
      return { id, type: 'read', handle: reader.text(), offset: reader.uint64(), length: reader.uint32() }
    case TYPE.write:
      return { id, type: 'write', handle: reader.text(), offset: reader.uint64(), data: reader.bytes() }
    case TYPE.fstat:
      return { id, type: 'fstat', handle: reader.text() }
    case TYPE.fsetstat:
      return { id, type: 'fsetstat', handle: reader.text(), size: reader.attributesSize() }
    case TYPE.readdir:
      return { id, type: 'readdir', handle: reader.text() }
    case TYPE.lstat:
      return { id, type: 'lstat', path: reader.text() }
    case TYPE.stat:
      return { id, type: 'stat', path: reader.text() }
    case TYPE.setstat:
      return { id, type: 'setstat', path: reader.text() }
    case TYPE.opendir:
      return { id, type: 'opendir', path: reader.text() }
    case TYPE.remove:
      return { id, type: 'remove', path: reader.text() }
    case TYPE.mkdir:
      return { id, type: 'mkdir', path: reader.text() }
    case TYPE.rmdir:
      return { id, type: 'rmdir', path: reader.text() }
    case TYPE.realpath:
      return { id, type: 'realpath', path: reader.text() }
    case TYPE.readlink:
      return { id, type: 'readlink', path: reader.text() }
    case TYPE.rename:
      return { id, type: 'rename', path: reader.text(), to: reader.text() }
    case TYPE.symlink:
      return { id, type: 'symlink', path: reader.text(), to: reader.text() }
    case TYPE.extended: {
      const name = reader.text()
      const handle = name === 'fsync@openssh.com' ? reader.text() : ''
      // A rename under another name, which some clients prefer.
      if (name === 'posix-rename@openssh.com') return { id, type: 'rename', path: reader.text(), to: reader.text() }
      return { id, type: 'extended', name, handle }
    }
    default:
      return { id, type: 'unknown' }
  }
}

/** Reads a packet; past its end everything is 0 or empty, and `isShort` is true. */
class Reader {
  readonly #packet: Buffer
  #at = 0
  isShort = false

  constructor(packet: Buffer) {
    this.#packet = packet
  }

  byte(): number {
    return this.#has(1) ? this.#packet.readUInt8(this.#at++) : 0
  }

  uint32(): number {
    if (!this.#has(4)) return 0
    this.#at += 4
    return this.#packet.readUInt32BE(this.#at - 4)
  }

  uint64(): number {
    if (!this.#has(8)) return 0
    this.#at += 8
    const value = this.#packet.readBigUInt64BE(this.#at - 8)
    return value > MOST_OFFSET ? Number.POSITIVE_INFINITY : Number(value)
  }

  bytes(): Buffer {
    const length = this.uint32()
    if (!this.#has(length)) return Buffer.alloc(0)
    this.#at += length
    return this.#packet.subarray(this.#at - length, this.#at)
  }

  text(): string {
    return this.bytes().toString('utf8')
  }

  /** The size in a block of attributes; nothing else of it is kept. */
  attributesSize(): number | undefined {
    const flags = this.uint32()
    return (flags & ATTRIBUTE.size) === 0 ? undefined : this.uint64()
  }

  #has(length: number): boolean {
    if (this.#at + length <= this.#packet.length) return true
    this.isShort = true
    return false
  }
}

/** What is told of a file or a folder. */
export type Attributes =
  | { readonly type: 'folder'; readonly modified: number }
  /** `modified`: seconds since 1970. */
  | { readonly type: 'file' | 'unfinished'; readonly size: number; readonly modified: number }

export interface Listed {
  readonly name: string
  /** Who it is from, for people. */
  readonly by: string
  readonly attributes: Attributes
}

export const versionPacket = (): Buffer =>
  packet(TYPE.version, [uint32(3), text('limits@openssh.com'), text('1'), text('fsync@openssh.com'), text('1')])

export const statusPacket = (id: number, status: Status, message = ''): Buffer =>
  packet(TYPE.status, [uint32(id), uint32(STATUS[status]), text(message), text('')])

export const handlePacket = (id: number, handle: string): Buffer => packet(TYPE.handle, [uint32(id), text(handle)])

export const attributesPacket = (id: number, attributes: Attributes): Buffer =>
  packet(TYPE.attrs, [uint32(id), attributesOf(attributes)])

export const namesPacket = (id: number, names: readonly Listed[]): Buffer =>
  packet(TYPE.name, [
    ...[uint32(id), uint32(names.length)],
    ...names.flatMap((each) => [text(each.name), text(longName(each)), attributesOf(each.attributes)]),
  ])

/** The answer to `realpath`. */
export const pathPacket = (id: number, path: string): Buffer =>
  packet(TYPE.name, [uint32(id), uint32(1), text(path), text(path), uint32(0)])

/** The answer to `limits@openssh.com`: packet, read, write, handles. */
export const limitsPacket = (id: number, handles: number): Buffer =>
  packet(TYPE.extendedReply, [
    uint32(id),
    ...[MOST_PACKET_BYTES, MOST_DATA_BYTES, MOST_DATA_BYTES, handles].map((limit) => uint64(limit)),
  ])

const DATA_HEAD_BYTES = LENGTH_BYTES + 1 + 4 + 4

/** A packet for so many bytes of a file at most: to be filled behind its head, then closed with `dataPacket`. */
export const roomForData = (length: number): Buffer => Buffer.allocUnsafe(DATA_HEAD_BYTES + length)

/** Where the bytes of a file go in it. */
export const dataOf = (packet: Buffer): Buffer => packet.subarray(DATA_HEAD_BYTES)

export function dataPacket(id: number, packet: Buffer, length: number): Buffer {
  packet.writeUInt32BE(1 + 4 + 4 + length, 0)
  packet.writeUInt8(TYPE.data, LENGTH_BYTES)
  packet.writeUInt32BE(id, LENGTH_BYTES + 1)
  packet.writeUInt32BE(length, LENGTH_BYTES + 5)
  return packet.subarray(0, DATA_HEAD_BYTES + length)
}

function packet(type: number, fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([type]), ...fields])
  return Buffer.concat([uint32(body.length), body])
}

function attributesOf(attributes: Attributes): Buffer {
  const size = attributes.type === 'folder' ? 0 : attributes.size
  const { modified } = attributes
  return Buffer.concat([
    uint32(ATTRIBUTE.size | ATTRIBUTE.permissions | ATTRIBUTE.times),
    ...[uint64(size), uint32(modeOf(attributes)), uint32(modified), uint32(modified)],
  ])
}

const modeOf = ({ type }: Attributes): number => (type === 'folder' ? FOLDER : type === 'file' ? FILE : UNFINISHED)

const MODES = { folder: 'drwxr-xr-x', file: '-r--r--r--', unfinished: '-rw-r--r--' } as const

/** A line as `ls -l` has it. */
function longName({ name, by, attributes }: Listed): string {
  const size = attributes.type === 'folder' ? 0 : attributes.size
  const time = new Date(attributes.modified * 1000).toISOString()
  const owner = by.replace(/\s/g, '_')
  return `${MODES[attributes.type]} 1 ${owner.padEnd(8)} tamtam ${String(size).padStart(12)} ${time.slice(0, 10)} ${time.slice(11, 16)} ${name}`
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
