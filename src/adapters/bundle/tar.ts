import { BLOCK_BYTES, padded } from '#protocol/tar.ts'

// A tar archive (POSIX ustar) as far as a bundle needs it: plain files, whose headers say nothing but name and size.

const SIZE_AT = 124
const SIZE_BYTES = 12
const CHECKSUM_AT = 148
/** The greatest size in 11 octal digits; larger ones are written in base 256, as GNU tar and libarchive do. */
const MOST_OCTAL = 8 ** 11 - 1

/** The header of a file; the same name and size always give the same bytes, so that a reader can compare them whole. */
export function tarHeader(name: string, size: number): Uint8Array {
  if (Buffer.byteLength(name) > 100) throw new RangeError('a name in a bundle has at most 100 bytes')
  const header = Buffer.alloc(BLOCK_BYTES)
  header.write(name, 0)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  if (size <= MOST_OCTAL) header.write(`${octal(size, 11)}\0`, SIZE_AT)
  else {
    header[SIZE_AT] = 0x80
    header.writeBigUInt64BE(BigInt(size), SIZE_AT + SIZE_BYTES - 8)
  }
  header.write('00000000000\0', 136)
  header.write(' '.repeat(8), CHECKSUM_AT)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${octal(checksum, 6)}\0 `, CHECKSUM_AT)
  return header
}

/** The size that a header of this name tells; undefined where these bytes are no such header. */
export function sizeInHeader(header: Uint8Array, name: string): number | undefined {
  const digits = Buffer.from(header.subarray(SIZE_AT, SIZE_AT + SIZE_BYTES - 1)).toString('latin1')
  if (!/^[0-7]{11}$/.test(digits)) return undefined
  const size = Number.parseInt(digits, 8)
  return Buffer.compare(header, tarHeader(name, size)) === 0 ? size : undefined
}

/** Empty bytes that fill a file's last block. */
export const paddingOf = (size: number): number => padded(size) - size

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
