import type { RoomFile } from '#domain/room/state.ts'
import { digestField } from '#protocol/tus.ts'

export type WholeRoomFile = Extract<RoomFile, { status: 'whole' }>
export type ArrivingRoomFile = Exclude<RoomFile, WholeRoomFile>

/** The subject of an answer: a file of a room, or one inside a folder. */
export interface Content extends Validators {
  readonly name: string
  readonly size: number
  /** 64 hexadecimal digits; left out if this host has not computed it. */
  readonly sha256?: string
}

export const contentOf = ({ file: { name, size, sha256 }, at }: WholeRoomFile): Content => ({
  ...{ name, size, sha256 },
  etag: etagOf(sha256),
  modifiedAt: at,
})

/** Enough for a client to recognise bytes that it has already; 304 contains no more. */
export function knownHeaders({ etag, modifiedAt }: Validators): Record<string, string> {
  // Its audience can change, so caches must ask each time.
  return { ETag: etag, 'Last-Modified': httpDate(modifiedAt), 'Cache-Control': 'private, no-cache' }
}

export const wholeHeaders = (content: Content, { type, disposition: kind }: MediaType): Record<string, string> => ({
  ...knownHeaders(content),
  ...harmlessHeaders,
  'Content-Type': type,
  'Content-Disposition': disposition(kind, content.name),
  ...(content.sha256 === undefined ? {} : { 'Repr-Digest': digestField(content.sha256) }),
  'Accept-Ranges': 'bytes',
})

/** For an archive made while it is sent: without ranges and validators. */
export const archiveHeaders = (name: string, { type, disposition: kind }: MediaType): Record<string, string> => ({
  ...harmlessHeaders,
  'Content-Type': type,
  'Content-Disposition': disposition(kind, name),
  'Accept-Ranges': 'none',
})

/** For an unfinished file: nothing but its name is certain. */
export const arrivingHeaders = ({ file }: ArrivingRoomFile): Record<string, string> => ({
  ...harmlessHeaders,
  'Content-Type': 'application/octet-stream',
  'Content-Disposition': disposition('attachment', file.name),
  'Accept-Ranges': 'bytes',
})

/** The validators of a complete file (RFC 9110 section 8.8). */
interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

export const etagOf = (sha256: string): string => `"${sha256}"`

/** HTTP dates have whole seconds. */
export const httpDate = (ms: number): string => new Date(ms).toUTCString()

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** Whether the client already has these bytes and is to be told so (304). Weak comparison: RFC 9110 section 13.1.2. */
export function isKnown(ifNoneMatch: string | undefined, { etag }: Pick<Validators, 'etag'>): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  for (const [, tag] of ifNoneMatch.matchAll(ENTITY_TAG)) if (tag === etag) return true
  return false
}

/**
 * Whether a Range may be honoured: always without If-Range, otherwise only if it names exactly the present bytes. An unfinished file has
 * no validator. A file's date may be used, since the bytes under one id never change.
 */
export function rangeHolds(ifRange: string | string[] | undefined, validators: Validators | undefined): boolean {
  if (ifRange === undefined) return true
  const named = String(ifRange).trim()
  return validators !== undefined && (named === validators.etag || named === httpDate(validators.modifiedAt))
}

/** The bytes of an answer: everything, the bytes from `first` to `last` (both included), or 416. */
export type WantedRange =
  | { readonly status: 'all' }
  | { readonly status: 'part'; readonly first: number; readonly last: number }
  | { readonly status: 'unsatisfiable' }

type Part = Extract<WantedRange, { status: 'part' }>

const ONE_RANGE = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i

/**
 * The range of a file of `size` bytes, or of unknown size. A header that is not exactly one range of bytes is ignored, as RFC 9110
 * section 14.2 allows: no answer ever has several parts (C116).
 */
export function wantedRange(header: string | undefined, size: number | undefined): WantedRange {
  const found = ONE_RANGE.exec(header ?? '')
  // Some clients send a Range with every request, which must not make an empty file an error.
  if (found === null || size === 0) return everything
  const [, from, to, suffix] = found
  if (suffix !== undefined) return size === undefined ? everything : suffixOf(Number(suffix), size)
  const first = Number(from)
  const last = to === '' ? Number.POSITIVE_INFINITY : Number(to)
  if (last < first) return everything
  const end = (size ?? FAR) - 1
  if (first > end) return unsatisfiable
  return { status: 'part', first, last: Math.min(last, end) }
}

export const contentRange = ({ first, last }: Part, size: number | undefined): string =>
  `bytes ${first}-${last}/${size ?? '*'}`

/** `Content-Range` of a 416. */
export const contentRangeOfNone = (size: number | undefined): string => `bytes */${size ?? '*'}`

// Beyond the end of any file: stands for the unknown end (RFC 8673 section 2.2).
const FAR = Number.MAX_SAFE_INTEGER

const everything: WantedRange = { status: 'all' }
const unsatisfiable: WantedRange = { status: 'unsatisfiable' }

function suffixOf(count: number, size: number): WantedRange {
  if (count === 0) return unsatisfiable
  return { status: 'part', first: Math.max(0, size - count), last: size - 1 }
}

/** Number of bytes that show the type of a file. */
const MAGIC_BYTES = 12

/** The type and disposition of a file for browsers. */
export interface MediaType {
  readonly type: string
  readonly disposition: 'inline' | 'attachment'
}

const IMAGES: readonly (readonly [type: string, magic: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF.{4}WEBP/s],
]

const unknownType: MediaType = { type: 'application/octet-stream', disposition: 'attachment' }

/** By the first bytes only, never by the name or the sender's type (C97). Only types that cannot contain a script are displayed. */
export function mediaType(head: Uint8Array): MediaType {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, MAGIC_BYTES)).toString('latin1')
  for (const [type, magic] of IMAGES) if (magic.test(start)) return { type, disposition: 'inline' }
  return unknownType
}

/** Keep a browser from taking a file for a page of this host, whatever its content (C97). */
const harmlessHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const

// Quotes, backslashes and per cent signs are allowed in a quoted string, but browsers differ in how they read them.
const NOT_PLAIN = /[^\x20-\x7e]|["\\%]/g
// Characters that encodeURIComponent leaves although RFC 5987 does not allow them (attr-char).
const NOT_ATTRIBUTE = /['()*]/g

/**
 * `Content-Disposition` (RFC 6266): the name in plain ASCII, followed by the exact name (RFC 5987) if that differs. Whatever the name,
 * the value is printable ASCII (C98).
 */
export function disposition(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replace(NOT_PLAIN, '_')
  const quoted = `${kind}; filename="${plain}"`
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${extended(name)}`
}

const extended = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(
    NOT_ATTRIBUTE,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
