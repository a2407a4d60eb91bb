/** The first byte of a payload: an ordinary message, or a line that only shows that its receiver is there. */
export const KIND = { message: 0x7e, probe: 0x3f, last: 0x21 } as const

const HEAD = 11
const PATTERN_BYTES = 4096
const LETTER_A = 0x61

/**
 * Payloads of one size: kind, sender (3 letters), sequence (7 letters), and a filler that follows from both. Numbers travel
 * as letters, a nibble each, which is quick to read and stays clear of everything that a protocol or an escaper looks for.
 */
export class Payloads {
  readonly size: number
  readonly #pattern: Buffer

  constructor(size: number) {
    if (size < HEAD + 1) throw new RangeError(`a payload takes at least ${HEAD + 1} bytes`)
    this.size = size
    this.#pattern = Buffer.alloc(PATTERN_BYTES + size)
    let random = 12_345
    for (let index = 0; index < this.#pattern.length; index++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
      this.#pattern[index] = LETTER_A + ((random >>> 16) % 26)
    }
  }

  write(into: Buffer, at: number, kind: number, sender: number, seq: number): void {
    into[at] = kind
    for (let index = 0; index < 3; index++) into[at + 1 + index] = LETTER_A + ((sender >>> (8 - 4 * index)) & 15)
    for (let index = 0; index < 7; index++) into[at + 4 + index] = LETTER_A + ((seq >>> (24 - 4 * index)) & 15)
    const from = fillerAt(sender, seq)
    this.#pattern.copy(into, at + HEAD, from, from + this.size - HEAD)
  }

  /** Whether the filler is the one that this sender and sequence have. */
  isWhole(bytes: Buffer, at: number, sender: number, seq: number): boolean {
    const from = fillerAt(sender, seq)
    return bytes.compare(this.#pattern, from, from + this.size - HEAD, at + HEAD, at + this.size) === 0
  }
}

const fillerAt = (sender: number, seq: number): number => (seq * 31 + sender * 17) & (PATTERN_BYTES - 1)

/** Something other than a letter gives a number that no sender has. */
export function senderAt(bytes: Buffer, at: number): number {
  return nibble(bytes, at + 1) * 256 + nibble(bytes, at + 2) * 16 + nibble(bytes, at + 3)
}

export function sequenceAt(bytes: Buffer, at: number): number {
  const high = nibble(bytes, at + 4) * 4096 + nibble(bytes, at + 5) * 256 + nibble(bytes, at + 6) * 16
  const low = nibble(bytes, at + 8) * 256 + nibble(bytes, at + 9) * 16 + nibble(bytes, at + 10)
  return (high + nibble(bytes, at + 7)) * 4096 + low
}

const nibble = (bytes: Buffer, at: number): number => (bytes[at] as number) - LETTER_A
