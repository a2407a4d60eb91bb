import { checkPath } from '#domain/names/path.ts'
import { Sha256 } from './sha256.ts'
import type { FileToSend } from './uploads.ts'

// A folder leaves as one file, a tar as `folder/pack.ts` makes it: sorted by the bytes of paths, times in seconds, the digests of all files last.

/** Something in a chosen folder; without a file it is an empty folder. */
export interface FolderEntry {
  /** Relative to the folder. */
  readonly path: string
  readonly file?: File
}

const BLOCK = 512
const READ_BYTES = 2 * 1024 ** 2
const SUMS = 'SHA256SUMS'
const utf8 = new TextEncoder()

/** Picked files, with those of each folder as one. */
export async function pickedFolders(files: readonly File[]): Promise<readonly FileToSend[]> {
  const found: FileToSend[] = []
  const folders = new Map<string, FolderEntry[]>()
  for (const file of files) {
    const [name = '', ...path] = file.webkitRelativePath.split('/')
    const inside = folders.get(name) ?? []
    if (path.length === 0) found.push({ file, name: file.name })
    else folders.set(name, inside)
    inside.push({ path: path.join('/'), file })
  }
  for (const [name, inside] of folders) found.push(await packed(name, inside))
  return found
}

/** Dropped files, and folders with all that is in them. */
export async function droppedFolders(entries: readonly (FileSystemEntry | null)[]): Promise<readonly FileToSend[]> {
  const found: FileToSend[] = []
  for (const entry of entries)
    if (entry !== null && isFile(entry)) found.push({ file: await fileOf(entry), name: entry.name })
    else if (entry !== null && isDirectory(entry)) {
      const inside: FolderEntry[] = []
      await collect(entry, '', inside)
      found.push(await packed(entry.name, inside))
    }
  return found
}

/** `path` ends with a slash where it is not empty. */
async function collect(folder: FileSystemDirectoryEntry, path: string, found: FolderEntry[]): Promise<void> {
  const reader = folder.createReader()
  let isEmpty = true
  // It tells of some at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    isEmpty = false
    for (const each of some)
      if (isFile(each)) found.push({ path: path + each.name, file: await fileOf(each) })
      else if (isDirectory(each)) await collect(each, `${path}${each.name}/`, found)
  }
  if (isEmpty && path !== '') found.push({ path: path.slice(0, -1) })
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** Reads all of it once, for its digests. What can not travel, or be read, is left out and named. */
export async function packed(name: string, entries: readonly FolderEntry[]): Promise<FileToSend> {
  const skipped: string[] = []
  const named = entries.flatMap(({ path, file }) => {
    const safe = checkPath(path)
    if (typeof safe !== 'string') skipped.push(safe.message)
    return typeof safe === 'string' ? [{ path: file === undefined ? `${safe}/` : safe, file }] : []
  })
  const sorted = named
    .map((each) => ({ ...each, key: utf8.encode(each.path) }))
    .sort((one, other) => order(one.key, other.key))
  const parts: BlobPart[] = []
  const [lines, roots] = [[] as string[], new Set<string>()]
  let [files, bytes] = [0, 0]
  for (const { path, file } of sorted) {
    roots.add(path.split('/', 1)[0]?.toLowerCase() ?? '')
    if (file === undefined) {
      parts.push(headersOf({ path, size: 0, modified: 0, type: '5' }))
      continue
    }
    const sha256 = await digestOf(file).catch(() => undefined)
    if (sha256 === undefined) {
      skipped.push(path)
      continue
    }
    const { size, lastModified } = file
    parts.push(headersOf({ path, size, modified: Math.max(0, Math.floor(lastModified / 1000)), type: '0' }))
    parts.push(file, new Uint8Array(-size & (BLOCK - 1)))
    lines.push(`${sha256}  ${path}\n`)
    files++
    bytes += size
  }
  const sums = utf8.encode(lines.join(''))
  let sumsName = SUMS
  for (let number = 2; roots.has(sumsName.toLowerCase()); number++) sumsName = `${SUMS} (${number})`
  parts.push(headersOf({ path: sumsName, size: sums.length, modified: 0, type: '0' }), sums)
  parts.push(new Uint8Array((-sums.length & (BLOCK - 1)) + 2 * BLOCK))
  return { file: new Blob(parts), name, folder: { files, bytes }, skipped }
}

async function digestOf(file: Blob): Promise<string> {
  const hash = new Sha256()
  for (let at = 0; at < file.size; at += READ_BYTES)
    hash.update(new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer()))
  return hash.digest()
}

function order(one: Uint8Array, other: Uint8Array): number {
  const differs = one.findIndex((byte, index) => byte !== other[index])
  return differs < 0 ? one.length - other.length : (one[differs] ?? 0) - (other[differs] ?? -1)
}

interface Header {
  /** That of a folder ends with a slash. */
  readonly path: string
  readonly size: number
  /** Seconds since 1970. */
  readonly modified: number
  /** Of a file, a folder, an extended header. */
  readonly type: '0' | '5' | 'x'
}

const MOST_OCTAL = 8 ** 11 - 1

/** The block of a member, behind a pax header where its path or its size does not fit. */
function headersOf(header: Header): Uint8Array<ArrayBuffer> {
  const { path, size, modified } = header
  const isAscii = /^[\x20-\x7e]*$/.test(path)
  if (isAscii && split(path).fits && size <= MOST_OCTAL) return block(header)
  const body = utf8.encode(record('path', path) + record('mtime', modified) + record('size', size))
  const base = path.replace(/\/$/, '').split('/').at(-1) ?? ''
  const about = block({ path: `PaxHeader/${base}`.slice(0, 99), size: body.length, modified, type: 'x' })
  const whole = new Uint8Array(2 * BLOCK + body.length + (-body.length & (BLOCK - 1)))
  whole.set(about)
  whole.set(body, BLOCK)
  whole.set(block(header), whole.length - BLOCK)
  return whole
}

/** A path in the two fields of a header; cut off where it does not fit, as node-tar does. */
function split(path: string): { readonly name: string; readonly prefix: string; readonly fits: boolean } {
  const bytes = (text: string) => utf8.encode(text).length
  if (bytes(path) < 100) return { name: path, prefix: '', fits: true }
  const parts = path.replace(/\/$/, '').split('/')
  const [own = ''] = parts
  if (parts.length === 1)
    return { name: bytes(own) <= 100 ? own : own.slice(0, 99), prefix: '.', fits: bytes(own) <= 100 }
  for (let at = parts.length - 1; at > 0; at--) {
    const [prefix, name] = [parts.slice(0, at).join('/'), parts.slice(at).join('/')]
    if (bytes(prefix) > 155) continue
    const fits = bytes(name) <= 100
    return { name: fits ? name : name.slice(0, 99), prefix, fits }
  }
  return { name: path.slice(0, 99), prefix: '', fits: false }
}

/** `<length> <key>=<value>\n`: the length counts itself. */
function record(key: string, value: string | number): string {
  const rest = ` ${key}=${value}\n`
  const bytes = utf8.encode(rest).length
  let length = bytes + 1
  while (length !== bytes + String(length).length) length = bytes + String(length).length
  return length + rest
}

function block({ path, size, modified, type }: Header): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK)
  const text = (at: number, most: number, value: string) => bytes.set(utf8.encode(value).subarray(0, most), at)
  const octal = (at: number, length: number, value: number) =>
    text(
      at,
      length,
      `${value.toString(8).padStart(length - 2, '0')}${value.toString(8).length === length - 1 ? '' : ' '}`,
    )
  const { name, prefix } = split(path)
  text(0, 100, name)
  text(345, 155, prefix)
  octal(100, 8, type === '5' ? 0o755 : 0o644)
  // Of nobody; an extended header says nothing of it.
  if (type !== 'x') for (const at of [108, 116]) octal(at, 8, 0)
  if (size > MOST_OCTAL) {
    bytes[124] = 0x80
    for (let at = 135, left = size; at > 124; at--, left = Math.floor(left / 256)) if (left > 0) bytes[at] = left % 256
  } else octal(124, 12, size)
  octal(136, 12, modified)
  text(156, 1, type)
  text(257, 8, 'ustar\x0000')
  octal(329, 8, 0)
  octal(337, 8, 0)
  octal(
    148,
    8,
    bytes.reduce((sum, byte) => sum + byte, 8 * 0x20),
  )
  return bytes
}
