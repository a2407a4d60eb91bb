import { collisionKey, numbered } from '#domain/names/file-name.ts'

// A folder travels as a tar archive (POSIX pax). The same members give the same bytes here and in pages, and have always given them: an interrupted upload goes on
// within its archive, also after an update of either side. Reading is `folder/listing.ts`.

export const BLOCK_BYTES = 512
/** Two empty blocks end an archive. */
export const TAR_END = new Uint8Array(2 * BLOCK_BYTES)

/** Bytes that a content takes in an archive: whole blocks. */
export const padded = (size: number): number => Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES

/** The most that the header of a member can hold. */
const MAX_SECONDS = 8 ** 11 - 1

/** A time as archives keep it: whole seconds since 1970. */
export const timeInArchive = (seconds: number): number =>
  Number.isNaN(seconds) ? 0 : Math.min(Math.max(0, Math.floor(seconds)), MAX_SECONDS)

// Digests

/** The last member of a folder that was packed here: a line for each file. */
export const SUMS_NAME = 'SHA256SUMS'
/** In the place of a digest: the file changed while it was sent. */
export const NO_DIGEST = '0'.repeat(64)

/** As `sha256sum` reads it. */
export const sumsLine = (sha256: string, path: string): string => `${sha256}  ${path}\n`

/** A name for the digests that no member has. */
export function sumsNameBeside(members: readonly { readonly path: string }[]): string {
  const taken = new Set(members.map(({ path }) => collisionKey(path.split('/', 1)[0] as string)))
  let name = SUMS_NAME
  for (let number = 2; taken.has(collisionKey(name)); number++) name = numbered(SUMS_NAME, number)
  return name
}

// Headers

export const MODES = { file: 0o644, executable: 0o755, folder: 0o755, link: 0o777 } as const

/** A member without its content; `modified` in seconds since 1970. */
export type TarMember = { readonly path: string; readonly modified: number } & (
  | { readonly type: 'file'; readonly size: number; readonly executable: boolean }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'folder' }
)

const TYPES = { file: '0', link: '2', folder: '5' } as const
const EXTENDED = 'x'
const NAME_BYTES = 100
const PREFIX_BYTES = 155
/** A larger size is written in base 256, as GNU tar and libarchive do. */
const MOST_OCTAL = 8 ** 11 - 1

const encoder = new TextEncoder()
const byteLength = (text: string): number => encoder.encode(text).length
const isAscii = (text: string): boolean => /^\p{ASCII}*$/u.test(text)

/** The header of a member, behind a pax header where its path, target or size needs one. Nobody owns it. */
export function headersOf(member: TarMember): Uint8Array<ArrayBuffer> {
  const { type, modified } = member
  const path = type === 'folder' ? `${member.path}/` : member.path
  const size = type === 'file' ? member.size : 0
  const target = type === 'link' ? member.target : ''
  const [name, prefix, fits] = splitPath(path)
  const mode = MODES[type === 'file' && member.executable ? 'executable' : type]
  const block = blockOf({ name, prefix, mode, size, modified, type: TYPES[type], target })
  if (fits && isAscii(path + target) && target.length <= NAME_BYTES && size <= MOST_OCTAL) return block
  const records = [record('path', path), ...(type === 'link' ? [record('linkpath', target)] : [])]
  const body = encoder.encode([...records, record('mtime', modified), record('size', size)].join(''))
  const about = `PaxHeader/${member.path.slice(member.path.lastIndexOf('/') + 1)}`.slice(0, NAME_BYTES - 1)
  const [paxName, paxPrefix] = splitPath(about)
  const pax = { name: paxName, prefix: paxPrefix, mode: MODES.file, size: body.length, modified, target: '' }
  const whole = new Uint8Array(2 * BLOCK_BYTES + padded(body.length))
  whole.set(blockOf({ ...pax, type: EXTENDED }))
  whole.set(body, BLOCK_BYTES)
  whole.set(block, whole.length - BLOCK_BYTES)
  return whole
}

/** A path in the two fields of a header, and whether it fits there; cut off where it does not. */
function splitPath(path: string): readonly [name: string, prefix: string, fits: boolean] {
  if (byteLength(path) < NAME_BYTES) return [path, '', true]
  const parts = path.replace(/\/$/, '').split('/')
  for (let at = Math.max(1, parts.length - 1); at > 0; at--) {
    const prefix = parts.length === 1 ? '.' : parts.slice(0, at).join('/')
    if (byteLength(prefix) > PREFIX_BYTES) continue
    const name = parts.length === 1 ? (parts[0] as string) : parts.slice(at).join('/')
    const fits = byteLength(name) <= NAME_BYTES
    return [fits ? name : name.slice(0, NAME_BYTES - 1), prefix, fits]
  }
  return [path.slice(0, NAME_BYTES - 1), '', false]
}

/** `<length> <key>=<value>\n`: the length counts itself. */
function record(key: string, value: string | number): string {
  const rest = ` ${key}=${value}\n`
  const bytes = byteLength(rest)
  let length = bytes + 1
  while (length !== bytes + String(length).length) length = bytes + String(length).length
  return length + rest
}

interface Block {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly size: number
  readonly modified: number
  readonly type: string
  readonly target: string
}

function blockOf({ name, prefix, mode, size, modified, type, target }: Block): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_BYTES)
  // Whole characters only.
  const text = (at: number, most: number, value: string) => encoder.encodeInto(value, block.subarray(at, at + most))
  const octal = (at: number, length: number, value: number) => {
    const digits = value.toString(8)
    text(at, length, digits.length === length - 1 ? digits : `${digits.padStart(length - 2, '0')} `)
  }
  text(0, NAME_BYTES, name)
  octal(100, 8, mode)
  // Of nobody; an extended header says nothing of it.
  if (type !== EXTENDED) for (const at of [108, 116]) octal(at, 8, 0)
  if (size <= MOST_OCTAL) octal(124, 12, size)
  else {
    block[124] = 0x80
    new DataView(block.buffer).setBigUint64(128, BigInt(size))
  }
  octal(136, 12, modified)
  text(156, 1, type)
  text(157, NAME_BYTES, target)
  text(257, 8, 'ustar\x0000')
  for (const at of [329, 337]) octal(at, 8, 0)
  text(345, PREFIX_BYTES, prefix)
  octal(
    148,
    8,
    block.reduce((sum, byte) => sum + byte, 8 * 0x20),
  )
  return block
}
