import { type Rejected, rejected } from '#domain/errors.ts'
import type { Folder } from '#domain/room/events.ts'

/**
 * The headers of resumable uploads (tus 1.0.0) and of digests (RFC 9530), for hosts, programs and pages. A client's mistake is
 * answered with BAD_REQUEST.
 */

export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS = 'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration'
export const TUS_CHECKSUMS = 'sha1,sha256'
/** The type of bytes that belong to an upload. */
export const UPLOAD_TYPE = 'application/offset+octet-stream'
/** With every request of a client. */
export const tusVersion = { 'Tus-Resumable': TUS_VERSION } as const

/** A header as Node or `fetch` has it. */
export type HeaderValue = string | string[] | null | undefined

/** `Upload-Metadata` holds more keys than these; the rest of it is only checked for its form. */
export interface TusMetadata {
  readonly name: string
  /** Of the whole file, 64 hexadecimal digits. */
  readonly sha256?: string
  /** The bytes are a tar of a folder: `files bytes`, as its sender counted them. */
  readonly folder?: Folder
}

/** Digest of the bytes of one request. */
export interface TusChecksum {
  readonly algorithm: 'sha1' | 'sha256'
  readonly digest: Uint8Array
}

const MOST_PAIRS = 64
const KEY = /^[\x21-\x2b\x2d-\x7e]{1,128}$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const SHA256 = /^[0-9a-f]{64}$/
const DIGITS = /^\d{1,16}$/
const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const

/** A count of bytes: an integer from 0 to 2^53-1 in digits, and nothing else (C105, C108). */
export function byteCount(header: string, field: HeaderValue): number | Rejected {
  return numberIn(field) ?? malformed(`${header} must be a whole number of bytes`)
}

/** The same; undefined where the header is something else, or missing. */
export function numberIn(field: HeaderValue): number | undefined {
  const count = typeof field === 'string' && DIGITS.test(field) ? Number(field) : Number.NaN
  return Number.isSafeInteger(count) ? count : undefined
}

/** The size that a creation tells, undefined where it is to be told later (`Upload-Defer-Length`). */
export function promisedSize(length: HeaderValue, defer: HeaderValue): number | undefined | Rejected {
  if (defer === undefined) return byteCount('Upload-Length', length)
  if (defer !== '1') return malformed('Upload-Defer-Length can only be 1')
  return length === undefined ? undefined : malformed('send Upload-Length or Upload-Defer-Length, not both')
}

export const sizeHeader = (size: number | undefined): Readonly<Record<string, string>> =>
  size === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(size) }

/** `key base64,key base64,key`: keys are unique, values are UTF-8. */
export function tusMetadata(field: HeaderValue): TusMetadata | Rejected {
  const pairs = metadataPairs(field)
  if (!(pairs instanceof Map)) return pairs
  const name = textIn(pairs.get('filename') ?? pairs.get('name') ?? '')
  const sha256 = textIn(pairs.get('sha256') ?? '')?.toLowerCase()
  if (name === undefined) return malformed('the filename in Upload-Metadata must be UTF-8, in base64')
  if (sha256 === undefined || (sha256 !== '' && !SHA256.test(sha256)))
    return malformed('sha256 in Upload-Metadata must be 64 hexadecimal digits, in base64')
  const folder = folderIn(pairs.get('folder'))
  if (folder !== undefined && 'type' in folder) return folder
  return { name, ...(sha256 === '' ? {} : { sha256 }), ...(folder === undefined ? {} : { folder }) }
}

function folderIn(value: string | undefined): Folder | undefined | Rejected {
  if (value === undefined) return undefined
  return (
    answeredFolder(textIn(value)) ??
    malformed('folder in Upload-Metadata must be the number of files, a blank, and that of their bytes, in base64')
  )
}

/** With an answer about the archive of a folder. */
export const FOLDER_FIELD = 'Tamtam-Folder'

/** `Tamtam-Folder: files bytes` */
export const folderField = ({ files, bytes }: Folder): string => `${files} ${bytes}`

/** The folder whose archive an answer is about; undefined for a single file. */
export function answeredFolder(field: HeaderValue): Folder | undefined {
  const [files, bytes, ...rest] = typeof field === 'string' ? field.split(' ').map(numberIn) : []
  return files === undefined || bytes === undefined || rest.length > 0 ? undefined : { files, bytes }
}

/** `Upload-Metadata` for a file. */
export function metadataField({ name, sha256, folder }: TusMetadata): string {
  const pair = (key: string, value: string) => `${key} ${toBase64(new TextEncoder().encode(value))}`
  return [
    pair('filename', name),
    ...(sha256 === undefined ? [] : [pair('sha256', sha256)]),
    ...(folder === undefined ? [] : [pair('folder', folderField(folder))]),
  ].join(',')
}

/** `sha1 base64` or `sha256 base64`; undefined where the request has none. */
export function tusChecksum(field: HeaderValue): TusChecksum | undefined | Rejected {
  if (field === undefined) return undefined
  const [algorithm, text, ...rest] = typeof field === 'string' ? field.split(' ') : []
  if (algorithm !== 'sha1' && algorithm !== 'sha256')
    return malformed(`Upload-Checksum begins with one of: ${TUS_CHECKSUMS}`)
  const digest = bytesIn(text ?? '')
  if (rest.length > 0 || digest?.length !== DIGEST_BYTES[algorithm])
    return malformed('Upload-Checksum is the name of the algorithm, a space, and the digest in base64')
  return { algorithm, digest }
}

/** `Upload-Checksum` for the 32 bytes of a SHA-256. */
export const checksumField = (sha256: Uint8Array): string => `sha256 ${toBase64(sha256)}`

// RFC 9530: a dictionary (RFC 9651) whose values are byte sequences. None of its algorithms has parameters; they are skipped.
const DICTIONARY_KEY = '[a-z*][a-z0-9_.*-]*'
const MEMBER = new RegExp(
  `^(${DICTIONARY_KEY})=:([A-Za-z0-9+/]*={0,2}):(?:; *${DICTIONARY_KEY}(?:=[A-Za-z0-9:/+._*-]*)?)*$`,
)
const OUTER_SPACE = /^[ \t]+|[ \t]+$/g

/** The SHA-256 in a digest field (`Repr-Digest` and the like), as 64 hexadecimal digits; undefined where it names none. */
export function digestIn(field: HeaderValue): string | undefined | Rejected {
  if (field === undefined || field === null) return undefined
  let sha256: string | undefined
  for (const member of [field].flat().join(',').split(',')) {
    const [, algorithm, digest] = MEMBER.exec(member.replace(OUTER_SPACE, '')) ?? []
    if (algorithm === undefined || digest === undefined) return badDigest
    if (algorithm !== 'sha-256') continue
    const bytes = bytesIn(digest)
    if (bytes?.length !== DIGEST_BYTES.sha256) return badDigest
    // Of repeated keys the last one counts.
    sha256 = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return sha256
}

/** The same of an answer: a malformed field names no digest. */
export function answeredDigest(field: HeaderValue): string | undefined {
  const sha256 = digestIn(field)
  return typeof sha256 === 'string' ? sha256 : undefined
}

/**
 * The SHA-256 that a request promises, as 64 hexadecimal digits; undefined where it names none. Without a Content-Encoding, which hosts
 * do not take, both headers speak of the same bytes, so two different digests can't be met.
 */
export function promisedDigest(headers: Readonly<Record<string, HeaderValue>>): string | undefined | Rejected {
  let promised: string | undefined
  for (const field of [headers['repr-digest'], headers['content-digest']]) {
    const sha256 = digestIn(field)
    if (typeof sha256 === 'object') return sha256
    if (sha256 !== undefined && promised !== undefined && sha256 !== promised) return contradiction
    promised ??= sha256
  }
  return promised
}

/** `Repr-Digest` and the like for 64 hexadecimal digits. */
export const digestField = (sha256: string): string =>
  `sha-256=:${toBase64(Uint8Array.from(sha256.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))}:`

function metadataPairs(field: HeaderValue): Map<string, string> | Rejected {
  const pairs = new Map<string, string>()
  if (field === undefined || field === '') return pairs
  if (typeof field !== 'string') return malformed('send Upload-Metadata once')
  const listed = field.split(',', MOST_PAIRS + 1)
  if (listed.length > MOST_PAIRS) return malformed(`Upload-Metadata may hold ${MOST_PAIRS} pairs`)
  for (const pair of listed) {
    const [key = '', value = '', ...rest] = pair.trim().split(' ')
    if (!KEY.test(key) || !BASE64.test(value) || rest.length > 0)
      return malformed('Upload-Metadata is a list of `key base64`, with commas between')
    if (pairs.has(key)) return malformed('a key of Upload-Metadata is there twice')
    pairs.set(key, value)
  }
  return pairs
}

/** Padding may be missing, and a digit too many is passed over. */
function bytesIn(base64: string): Uint8Array | undefined {
  if (!BASE64.test(base64)) return undefined
  const digits = base64.replaceAll('=', '')
  const binary = atob(digits.length % 4 === 1 ? digits.slice(0, -1) : digits)
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

function textIn(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesIn(base64))
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

const malformed = (message: string): Rejected => rejected('BAD_REQUEST', message)
const badDigest = malformed(
  'a digest is written sha-256=:BASE64:, the base64 of the 32 bytes of the SHA-256 between colons',
)
const contradiction = /* @__PURE__ */ malformed('Repr-Digest and Content-Digest name different bytes; send one of them')
