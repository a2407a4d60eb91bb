import { setImmediate } from 'node:timers/promises'
import { Header } from 'tar'
import { type Rejected, rejected } from '#domain/errors.ts'
import { safeFileName } from '#domain/names/file-name.ts'
import { checkLink, checkPath } from '#domain/names/path.ts'
import { failureText, forTerminal } from '#domain/names/text.ts'
import { BLOCK_BYTES, NO_DIGEST, padded, timeInArchive } from '#protocol/tar.ts'
import { diskPath, pathText } from '#system/files/disk-path.ts'

/** Reads `length` bytes of an archive from byte `from` on; fewer only where it ends. */
export type ReadAt = (from: number, length: number) => Promise<Uint8Array>

interface Member {
  /** Relative to the folder: `sub/a.txt`, checked, in NFC. */
  readonly path: string
  /** Seconds since 1970. */
  readonly modified: number
}

export interface FileMember extends Member {
  readonly type: 'file'
  /** In bytes. */
  readonly size: number
  readonly executable: boolean
  /** Where its bytes begin in the archive. */
  readonly at: number
  /** SHA-256 as its sender wrote it, 64 hexadecimal digits; left out where the archive has none. Nobody has compared it with the bytes yet. */
  readonly sha256?: string
}

export interface LinkMember extends Member {
  readonly type: 'link'
  /** Relative to the folder that the link is in; never leads out of the sent one. */
  readonly target: string
}

/** A folder that is there although nothing may be in it. */
export interface FolderMember extends Member {
  readonly type: 'folder'
}

/** The content of a sent folder. */
export interface FolderListing {
  /** In the order of the archive. */
  readonly members: readonly (FileMember | LinkMember | FolderMember)[]
  /** Regular files among them. */
  readonly files: number
  /** Of their contents. */
  readonly bytes: number
  /** Files that changed while they were sent: their bytes in the archive are not those of any file, so they are no members. */
  readonly changed: readonly string[]
}

export const MAX_MEMBERS = 200_000

/** Members checked in one step. */
const AT_ONCE = 2000
const MAX_EXTENSION_BYTES = 1024 * 1024
const WINDOW_BYTES = 64 * 1024
/** A path is quoted no longer. */
const MAX_SHOWN = 200

/**
 * Reads the members of a tar archive (POSIX pax, ustar or GNU) that holds one folder called `name`; reads headers and SHA256SUMS only. `./` at the
 * beginning of paths, and the folder's own name at the beginning of all of them, are left out. Refuses the whole archive with BAD_FOLDER because of one
 * member that is no file, folder or link inside, whose path can not travel or is there twice, or that lies below a file or a link. Throws the errors of `read`.
 */
export async function listFolder(read: ReadAt, name: string): Promise<FolderListing | Rejected> {
  try {
    const archive = new Archive(read)
    const raw: RawMember[] = []
    for (let member = await archive.next(); member !== undefined; member = await archive.next()) {
      if (raw.length === MAX_MEMBERS) throw new BadFolder(`it has more than ${MAX_MEMBERS} members; send it in parts`)
      raw.push(member)
    }
    return await checked(archive, raw, name)
  } catch (error) {
    if (error instanceof BadFolder) return rejected('BAD_FOLDER', `this folder can not be taken: ${error.message}`)
    throw error
  }
}

class BadFolder extends Error {}

const bad = (path: string, why: string): never => {
  throw new BadFolder(`${forTerminal(path.slice(0, MAX_SHOWN))}: ${why}`)
}

interface RawMember {
  readonly type: 'file' | 'folder' | 'link'
  readonly path: string
  readonly size: number
  readonly modified: number
  readonly executable: boolean
  readonly at: number
  readonly target: string
}

const KINDS: Readonly<Record<string, RawMember['type']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  SymbolicLink: 'link',
}

const REFUSED_KINDS: Readonly<Record<string, string>> = {
  Link: 'it is a hard link; tar --hard-dereference makes files of them',
  CharacterDevice: 'it is a device',
  BlockDevice: 'it is a device',
  FIFO: 'it is a pipe',
}

/** Goes through the headers of an archive, and past the contents. */
class Archive {
  readonly #read: ReadAt
  #window: Uint8Array = new Uint8Array()
  #windowAt = 0
  #at = 0

  constructor(read: ReadAt) {
    this.#read = read
  }

  /** The next member, at whose content nobody has looked; undefined at the end. */
  async next(): Promise<RawMember | undefined> {
    let extended: Extended = {}
    let isExtended = false
    while (true) {
      const block = await this.bytes(this.#at, BLOCK_BYTES)
      // Two empty blocks end an archive; some programs leave them out.
      if (block.length === 0 || (block.length === BLOCK_BYTES && isEmpty(block))) {
        if (isExtended) throw new BadFolder('the archive ends within a member')
        if (this.#at === 0 && block.length === 0) throw new BadFolder('there is no archive; send a tar of it')
        return undefined
      }
      const header = headerOf(block, extended)
      const { type } = header
      const isExtension = EXTENSIONS.has(type)
      // An extension describes the member, and not another extension before it.
      const { path = '', linkpath = '', mtime, size = 0 } = { ...header, ...(isExtension ? {} : extended) }
      if (!Number.isSafeInteger(size) || size < 0) bad(path, 'its size is no number')
      const content = this.#at + BLOCK_BYTES
      this.#at = content + padded(size)
      if (isExtension) {
        if (size > MAX_EXTENSION_BYTES) throw new BadFolder('a header of it is too long')
        const bytes = await this.bytes(content, size)
        if (bytes.length < size) throw new BadFolder('the archive ends within a header')
        // A global extension says nothing about a single member.
        if (type === 'GlobalExtendedHeader') recordsOf(bytes)
        else extended = { ...extended, ...extensionOf(type, bytes) }
        isExtended = true
        continue
      }
      const kind = KINDS[type] ?? bad(path, REFUSED_KINDS[type] ?? `it is no file, folder or link (${type})`)
      if (extended.sparse === true) bad(path, 'it is sparse; tar without --sparse sends all of it')
      if (kind !== 'file' && size > 0) bad(path, 'it is no file, and has a content')
      if (size > 0 && (await this.bytes(content + size - 1, 1)).length === 0) bad(path, 'the archive ends within it')
      return {
        type: kind,
        path,
        size,
        modified: timeInArchive((mtime?.getTime() ?? 0) / 1000),
        executable: ((header.mode ?? 0) & 0o100) !== 0,
        at: content,
        target: linkpath,
      }
    }
  }

  /** Through a window, so that many small members take few reads. */
  async bytes(from: number, length: number): Promise<Uint8Array> {
    const end = from + length
    if (from < this.#windowAt || end > this.#windowAt + this.#window.length) {
      this.#window = await this.#read(from, Math.max(WINDOW_BYTES, length))
      this.#windowAt = from
    }
    return this.#window.subarray(from - this.#windowAt, end - this.#windowAt)
  }
}

const isEmpty = (block: Uint8Array): boolean => block.every((byte) => byte === 0)

const EXTENSIONS: ReadonlySet<string> = new Set([
  'ExtendedHeader',
  'OldExtendedHeader',
  'GlobalExtendedHeader',
  'NextFileHasLongPath',
  'OldGnuLongPath',
  'NextFileHasLongLinkpath',
])

interface Extended {
  readonly path?: string
  readonly linkpath?: string
  readonly size?: number
  readonly mtime?: Date
  readonly sparse?: boolean
}

function headerOf(block: Uint8Array, extended: Extended): Header {
  if (block.length < BLOCK_BYTES) throw new BadFolder('the archive ends within a header')
  const bytes = Buffer.from(block.buffer, block.byteOffset, BLOCK_BYTES)
  let header: Header
  try {
    // A path that was cut off at a slash would make a folder of a file.
    header = new Header(bytes, 0, extended.path === undefined ? {} : { path: extended.path })
  } catch (error) {
    throw new BadFolder(`a header is damaged (${failureText(error)})`)
  }
  if (!header.cksumValid) throw new BadFolder('it is no tar archive, or a header of it is damaged')
  if (extended.path === undefined) header.path = pathIn(bytes)
  header.linkpath = textIn(fieldIn(bytes, 157, 100))
  return header
}

/** Byte by byte, since names of older systems are no UTF-8: these go as `caf%E9`, as they do where we pack a folder ourselves. */
function pathIn(header: Buffer): string {
  const name = fieldIn(header, 0, 100)
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0'
  // Some programs keep times behind a shorter one.
  const prefix = isPosix ? fieldIn(header, 345, header[475] === 0 ? 130 : 155) : Buffer.alloc(0)
  return textIn(prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]))
}

/** The fast way for UTF-8, which nearly all names are. */
const textIn = (bytes: Buffer): string => pathText(diskPath(bytes))

function fieldIn(header: Buffer, at: number, length: number): Buffer {
  const field = header.subarray(at, at + length)
  return field.includes(0) ? field.subarray(0, field.indexOf(0)) : field
}

function extensionOf(type: string, bytes: Uint8Array): Extended {
  if (type === 'ExtendedHeader' || type === 'OldExtendedHeader') return recordsOf(bytes)
  const text = textOf(bytes.subarray(0, bytes.indexOf(0) < 0 ? undefined : bytes.indexOf(0)))
  return type === 'NextFileHasLongLinkpath' ? { linkpath: text } : { path: text }
}

/** The records of a pax header, `<length> <key>=<value>\n`, as far as they concern a member's path. Stricter than the library, which skips unreadable ones. */
function recordsOf(bytes: Uint8Array): Extended {
  const found: { path?: string; linkpath?: string; size?: number; mtime?: Date; sparse?: boolean } = {}
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const blank = bytes.indexOf(0x20, at)
    const length = blank < 0 ? Number.NaN : Number(Buffer.from(bytes.subarray(at, blank)).toString('latin1'))
    const end = at + length
    const equals = bytes.indexOf(0x3d, blank)
    if (!(length > blank - at + 2) || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end)
      throw new BadFolder('a header of it is damaged')
    const key = textOf(bytes.subarray(blank + 1, equals))
    const value = bytes.subarray(equals + 1, end - 1)
    if (key === 'path') found.path = textOf(value)
    else if (key === 'linkpath') found.linkpath = textOf(value)
    else if (key === 'size') found.size = numberOf(value)
    else if (key === 'mtime') found.mtime = new Date(numberOf(value) * 1000)
    else if (key.startsWith('GNU.sparse.')) found.sparse = true
    at = end
  }
  return found
}

function numberOf(value: Uint8Array): number {
  const text = Buffer.from(value).toString('latin1')
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
}

function textOf(bytes: Uint8Array): string {
  const text = textIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  return text.includes('\0') ? bad(text, 'it has a NUL byte') : text
}

async function checked(archive: Archive, raw: readonly RawMember[], name: string): Promise<FolderListing> {
  const paths = relative(raw, name)
  const kinds = new Map<string, RawMember['type']>()
  const members: (FileMember | LinkMember | FolderMember)[] = []
  for (const [index, member] of raw.entries()) {
    const path = paths[index] as string
    // So many at once would keep a host from its other work.
    if (index % AT_ONCE === AT_ONCE - 1) await setImmediate()
    if (path === '') continue
    const safe = accepted(checkPath(path))
    const before = kinds.get(safe)
    // Programs may name a folder more than once.
    if (before === 'folder' && member.type === 'folder') continue
    if (before !== undefined) bad(safe, 'it is there twice')
    kinds.set(safe, member.type)
    members.push(memberOf(member, safe))
  }
  for (const { path } of members)
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
      if ((kinds.get(path.slice(0, slash)) ?? 'folder') !== 'folder') bad(path, 'it lies below a file or a link')
  return await withSums(archive, members)
}

function memberOf({ type, size, modified, executable, at, target }: RawMember, path: string) {
  if (type === 'file') return { type, path, modified, size, executable, at }
  if (type === 'folder') return { type, path, modified }
  return { type, path, modified, target: accepted(checkLink(path, target)) }
}

function accepted(value: string | Rejected): string {
  if (typeof value !== 'string') throw new BadFolder(value.message)
  return value
}

/** Paths without `./`, without the slash of folders, and without the folder's own name, where all begin with it. */
function relative(raw: readonly RawMember[], name: string): readonly string[] {
  const paths = raw.map(({ path }) => path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '')).map(dotAsRoot)
  const [first = ''] = paths
  const own = first.split('/', 1)[0] as string
  const isOwn =
    safeFileName(own, '') === safeFileName(name, '') &&
    paths.every((path) => path.startsWith(`${own}/`) || path === own)
  const holdsAll = isOwn && raw.every(({ type }, index) => paths[index] !== own || type === 'folder')
  return holdsAll ? paths.map((path) => path.slice(own.length + 1)) : paths
}

const dotAsRoot = (path: string): string => (path === '.' ? '' : path)

const SUMS_NAMES = /^SHA256SUMS(?: \(\d+\))?$/

/** The last member tells the digests of all files before it, each in its turn; anything else is a file like others. */
async function withSums(archive: Archive, members: (FileMember | LinkMember | FolderMember)[]): Promise<FolderListing> {
  const last = members.at(-1)
  const files = members.filter((member) => member.type === 'file')
  if (last?.type !== 'file' || !SUMS_NAMES.test(last.path)) return counted(members, [])
  const digests = await sumsIn(archive, last, files.slice(0, -1))
  if (digests === undefined) return counted(members, [])
  const sums = new Map(files.slice(0, -1).map(({ path }, index) => [path, digests[index] as string]))
  const changed = [...sums].filter(([, digest]) => digest === NO_DIGEST).map(([path]) => path)
  // That of our own packer has no time: nobody's file.
  const shown = members.filter((member) => (member === last ? last.modified > 0 : sums.get(member.path) !== NO_DIGEST))
  return counted(
    shown.map((member) =>
      member.type === 'file' && member !== last ? { ...member, sha256: sums.get(member.path) ?? '' } : member,
    ),
    changed,
  )
}

async function sumsIn(archive: Archive, sums: FileMember, files: readonly FileMember[]): Promise<string[] | undefined> {
  const digests: string[] = []
  let at = sums.at
  const end = sums.at + sums.size
  for (const { path } of files) {
    const line = `  ${path}\n`
    const length = NO_DIGEST.length + Buffer.byteLength(line)
    if (at + length > end) return undefined
    const bytes = await archive.bytes(at, length)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    const digest = text.slice(0, NO_DIGEST.length)
    if (!/^[0-9a-f]{64}$/.test(digest) || text.slice(NO_DIGEST.length) !== line) return undefined
    digests.push(digest)
    at += length
  }
  return at === end ? digests : undefined
}

function counted(members: FolderListing['members'], changed: readonly string[]): FolderListing {
  const files = members.filter((member) => member.type === 'file')
  return { members, changed, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
}
