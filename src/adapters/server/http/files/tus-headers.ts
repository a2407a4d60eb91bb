import { TextDecoder } from 'node:util'
import type { Refusal } from '../errors.ts'

export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS = 'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration'
export const TUS_CHECKSUMS = 'sha1,sha256'
/** The type of bytes that belong to an upload. */
export const UPLOAD_TYPE = 'application/offset+octet-stream'

type Field = string | string[] | undefined

/** What `Upload-Metadata` says that we know; the rest of it is only checked for its form. */
export interface TusMetadata {
  readonly name: string
  /** Of the whole file, 64 hexadecimal digits. */
  readonly sha256?: string
}

/** What the bytes of one request add up to. */
export interface TusChecksum {
  readonly algorithm: 'sha1' | 'sha256'
  readonly digest: Buffer
}

const MOST_PAIRS = 64
const KEY = /^[\x21-\x2b\x2d-\x7e]{1,128}$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const SHA256 = /^[0-9a-f]{64}$/
const DIGITS = /^\d{1,16}$/
const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const

/** A count of bytes: an integer from 0 to 2^53-1 in digits, and nothing else (C105, C108). */
export function byteCount(header: string, field: Field): number | Refusal {
  const count = typeof field === 'string' && DIGITS.test(field) ? Number(field) : Number.NaN
  return Number.isSafeInteger(count) ? count : malformed(`${header} must be a whole number of bytes`)
}

/** The size that a creation tells, undefined where it is to be told later (`Upload-Defer-Length`). */
export function promisedSize(length: Field, defer: Field): number | undefined | Refusal {
  if (defer === undefined) return byteCount('Upload-Length', length)
  if (defer !== '1') return malformed('Upload-Defer-Length can only be 1')
  return length === undefined ? undefined : malformed('send Upload-Length or Upload-Defer-Length, not both')
}

/** `key base64,key base64,key`: keys are unique, values are UTF-8. */
export function tusMetadata(field: Field): TusMetadata | Refusal {
  const pairs = metadataPairs(field)
  if (!(pairs instanceof Map)) return pairs
  const name = textOf(pairs.get('filename') ?? pairs.get('name') ?? '')
  const sha256 = textOf(pairs.get('sha256') ?? '')?.toLowerCase()
  if (name === undefined) return malformed('the filename in Upload-Metadata must be UTF-8, in base64')
  if (sha256 === '') return { name }
  if (sha256 === undefined || !SHA256.test(sha256))
    return malformed('sha256 in Upload-Metadata must be 64 hexadecimal digits, in base64')
  return { name, sha256 }
}

/** `sha1 base64` or `sha256 base64`; undefined where the request has none. */
export function tusChecksum(field: Field): TusChecksum | undefined | Refusal {
  if (field === undefined) return undefined
  const [algorithm, text, ...rest] = typeof field === 'string' ? field.split(' ') : []
  if (algorithm !== 'sha1' && algorithm !== 'sha256')
    return malformed(`Upload-Checksum begins with one of: ${TUS_CHECKSUMS}`)
  const digest = bytesOf(text ?? '')
  if (rest.length > 0 || digest?.length !== DIGEST_BYTES[algorithm])
    return malformed('Upload-Checksum is the name of the algorithm, a space, and the digest in base64')
  return { algorithm, digest }
}

function metadataPairs(field: Field): Map<string, string> | Refusal {
  const pairs = new Map<string, string>()
  if (field === undefined || field === '') return pairs
  if (typeof field !== 'string') return malformed('send Upload-Metadata once')
  const listed = field.split(',', MOST_PAIRS + 1)
  if (listed.length > MOST_PAIRS) return malformed(`Upload-Metadata may hold ${MOST_PAIRS} pairs`)
  for (const pair of listed) {
    const [key = '', value = '', ...rest] = pair.trim().split(' ')
    if (!KEY.test(key) || bytesOf(value) === undefined || rest.length > 0)
      return malformed('Upload-Metadata is a list of `key base64`, with commas between')
    if (pairs.has(key)) return malformed('a key of Upload-Metadata is there twice')
    pairs.set(key, value)
  }
  return pairs
}

const bytesOf = (base64: string): Buffer | undefined =>
  BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined

function textOf(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    // Not UTF-8: the caller says so.
    return undefined
  }
}

const malformed = (message: string): Refusal => ({ code: 'BAD_REQUEST', message })
