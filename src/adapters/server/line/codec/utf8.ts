import { isUtf8 } from 'node:buffer'

/** Bytes as text; a byte that is no part of a UTF-8 character becomes visible as `\xff` (C11). */
export function decodeVisibly(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  let valid = 0
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    text += bytes.toString('utf8', valid, at) + escapeByte(bytes[at] as number)
    at += 1
    valid = at
  }
  return text + bytes.toString('utf8', valid)
}

/** Whether the bytes can begin a UTF-8 text: a last character may still miss bytes. */
export function canBeginUtf8(bytes: Buffer): boolean {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const missing = announcedLength(byte) - back
    return isUtf8(missing > 0 ? Buffer.concat([bytes, completion(byte, back, missing)]) : bytes)
  }
  return isUtf8(bytes)
}

/** Bytes that make a character of one that has `back` bytes, if any do. */
function completion(lead: number, back: number, missing: number): Buffer {
  const rest = Buffer.alloc(missing, 0x80)
  if (back === 1 && lead === 0xe0) rest[0] = 0xa0
  if (back === 1 && lead === 0xf0) rest[0] = 0x90
  return rest
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

function announcedLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** The length of the character at `at`, 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const length = announcedLength(bytes[at] as number)
  if (length < 2) return length
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
