/** So many bytes of a file tell its type. */
const MAGIC_BYTES = 12

/** How a browser is told to take a file. */
export interface MediaType {
  readonly type: string
  readonly shown: 'inline' | 'attachment'
}

const IMAGES: readonly (readonly [type: string, magic: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF.{4}WEBP/s],
]

const unknown: MediaType = { type: 'application/octet-stream', shown: 'attachment' }

/** By the first bytes alone, never by the name or by what the sender says (C97). Only what cannot hold a script is shown. */
export function mediaType(head: Uint8Array): MediaType {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, MAGIC_BYTES)).toString('latin1')
  for (const [type, magic] of IMAGES) if (magic.test(start)) return { type, shown: 'inline' }
  return unknown
}

/** What keeps a browser from taking a file for a page of ours, whatever it holds (C97). */
export const harmlessHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const
