import type { IncomingHttpHeaders } from 'node:http'
import type { Refusal } from '../errors.ts'

// RFC 9530: a dictionary (RFC 9651) whose values are byte sequences. None of its algorithms has parameters; they are skipped.
const KEY = '[a-z*][a-z0-9_.*-]*'
const MEMBER = new RegExp(`^(${KEY})=:([A-Za-z0-9+/]*={0,2}):(?:; *${KEY}(?:=[A-Za-z0-9:/+._*-]*)?)*$`)
const SHA256_BYTES = 32

/**
 * The SHA-256 that a request promises, as 64 hexadecimal digits; undefined where it names none. Without a Content-Encoding, which we do
 * not take, both headers speak of the same bytes, so two different digests can't be met.
 */
export function promisedDigest(headers: IncomingHttpHeaders): string | undefined | Refusal {
  let promised: string | undefined
  for (const field of [headers['repr-digest'], headers['content-digest']]) {
    const sha256 = sha256In(field)
    if (typeof sha256 === 'object') return sha256
    if (sha256 !== undefined && promised !== undefined && sha256 !== promised) return contradiction
    promised ??= sha256
  }
  return promised
}

/** `Repr-Digest` and the like for 64 hexadecimal digits. */
export const digestField = (sha256: string): string => `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`

function sha256In(field: string | string[] | undefined): string | undefined | Refusal {
  if (field === undefined) return undefined
  let sha256: string | undefined
  for (const member of [field].flat().join(',').split(',')) {
    const [, algorithm, digest] = MEMBER.exec(member.replace(OUTER_SPACE, '')) ?? []
    if (algorithm === undefined || digest === undefined) return malformed
    if (algorithm !== 'sha-256') continue
    const bytes = Buffer.from(digest, 'base64')
    if (bytes.length !== SHA256_BYTES) return malformed
    // Of repeated keys the last one counts.
    sha256 = bytes.toString('hex')
  }
  return sha256
}

const OUTER_SPACE = /^[ \t]+|[ \t]+$/g

const malformed: Refusal = {
  code: 'BAD_REQUEST',
  message: 'a digest is written sha-256=:BASE64:, the base64 of the 32 bytes of the SHA-256 between colons',
}
const contradiction: Refusal = {
  code: 'BAD_REQUEST',
  message: 'Repr-Digest and Content-Digest name different bytes; send one of them',
}
