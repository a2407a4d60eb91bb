import { isUtf8 } from 'node:buffer'
import { type Rejected, rejected } from '#domain/errors.ts'

/** What programs, mostly of Windows, put before a text: the byte order mark. It belongs to no word, name or file. */
export const UTF8_MARK: Buffer = Buffer.from('\ufeff')

export const beginsWithMark = (bytes: Uint8Array): boolean => UTF8_MARK.equals(bytes.subarray(0, UTF8_MARK.length))

/**
 * Whether a text, or a line without its line feed, is UTF-16 (or UTF-32) in either byte order: by its byte order mark, by a NUL for every
 * other byte, or by a CR with a NUL behind it at the end of the line.
 */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  if (!bytes.includes(0)) return false
  if (bytes.at(-1) === 0 && bytes.at(-2) === 0x0d) return true
  return bytes.length >= 4 && (alternates(bytes, 0) || alternates(bytes, 1))
}

/** NUL at every other byte from `from` on, and nowhere else. */
const alternates = (bytes: Uint8Array, from: 0 | 1): boolean =>
  bytes.every((byte, index) => (byte === 0) === (index % 2 === from))

export const utf16: Rejected = rejected(
  'BAD_TEXT',
  'this is UTF-16, and text here is UTF-8: in PowerShell set $OutputEncoding = [Text.UTF8Encoding]::new(), or convert it with iconv -f UTF-16 -t UTF-8',
)

export const notUtf8: Rejected = rejected(
  'BAD_TEXT',
  'this is not UTF-8; convert it, as with iconv -f WINDOWS-1252 -t UTF-8, or send it as a file',
)

/** A text that somebody may have written with any editor: without its byte order mark; refused where it is not UTF-8. */
export function textOf(bytes: Uint8Array): string | Rejected {
  if (looksLikeUtf16(bytes)) return utf16
  if (!isUtf8(bytes)) return notUtf8
  return new TextDecoder().decode(bytes)
}
