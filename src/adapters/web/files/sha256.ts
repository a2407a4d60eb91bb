const BLOCK_BYTES = 64
const PRIMES = [2]
for (let number = 3; PRIMES.length < 64; number++) if (PRIMES.every((prime) => number % prime > 0)) PRIMES.push(number)

/** The first 32 bits of the fraction of a root. */
const fraction = (root: number): number => (root % 1) * 2 ** 32
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const CONSTANTS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))

/**
 * SHA-256 (FIPS 180-4) of bytes as they come: WebCrypto has no digest of a stream, and none at all on plain http. Names of variables are those
 * of the standard.
 */
export class Sha256 {
  #hash = Int32Array.from(INITIAL)
  readonly #schedule = new Int32Array(64)
  readonly #rest = new Uint8Array(BLOCK_BYTES)
  #bytes = 0

  update(bytes: Uint8Array): void {
    let at = 0
    const held = this.#bytes % BLOCK_BYTES
    this.#bytes += bytes.length
    if (held > 0) {
      at = Math.min(BLOCK_BYTES - held, bytes.length)
      this.#rest.set(bytes.subarray(0, at), held)
      if (held + at < BLOCK_BYTES) return
      this.#compress(viewOf(this.#rest), 0)
    }
    const view = viewOf(bytes)
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#compress(view, at)
    this.#rest.set(bytes.subarray(at))
  }

  /** Of the bytes so far, as 64 hexadecimal digits; more may follow. */
  digest(): string {
    const [hash, rest, bytes] = [this.#hash, this.#rest.slice(), this.#bytes]
    const length = new DataView(new ArrayBuffer(8))
    length.setBigUint64(0, BigInt(bytes) * 8n)
    this.#hash = hash.slice()
    const zeros = (BLOCK_BYTES * 2 - 9 - (bytes % BLOCK_BYTES)) % BLOCK_BYTES
    this.update(Uint8Array.of(0x80, ...new Uint8Array(zeros), ...new Uint8Array(length.buffer)))
    const found = Array.from(this.#hash, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    this.#hash = hash
    this.#rest.set(rest)
    this.#bytes = bytes
    return found
  }

  #compress(bytes: DataView, at: number): void {
    const W = this.#schedule
    const H = this.#hash
    for (let t = 0; t < 16; t++) W[t] = bytes.getInt32(at + t * 4)
    for (let t = 16; t < 64; t++) {
      const w15 = W[t - 15] as number
      const w2 = W[t - 2] as number
      const s0 = rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >>> 3)
      const s1 = rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >>> 10)
      W[t] = ((W[t - 16] as number) + s0 + (W[t - 7] as number) + s1) | 0
    }
    let a = H[0] as number
    let b = H[1] as number
    let c = H[2] as number
    let d = H[3] as number
    let e = H[4] as number
    let f = H[5] as number
    let g = H[6] as number
    let h = H[7] as number
    for (let t = 0; t < 64; t++) {
      const S1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
      const T1 = (h + S1 + ((e & f) ^ (~e & g)) + (CONSTANTS[t] as number) + (W[t] as number)) | 0
      const S0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
      const T2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + T1) | 0
      d = c
      c = b
      b = a
      a = (T1 + T2) | 0
    }
    H[0] = (H[0] as number) + a
    H[1] = (H[1] as number) + b
    H[2] = (H[2] as number) + c
    H[3] = (H[3] as number) + d
    H[4] = (H[4] as number) + e
    H[5] = (H[5] as number) + f
    H[6] = (H[6] as number) + g
    H[7] = (H[7] as number) + h
  }
}

const rotr = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength)

/** Read at once; more would take the page's turn for longer. */
const READ_BYTES = 2 * 1024 * 1024

/**
 * The digest of a file, which is read once, piece by piece. `told`: hears the digests of its beginnings, of the lengths that are wanted, too.
 * Rejects where it can't be read to its end, and with the reason of the signal.
 */
export async function digestOfFile(
  file: Blob,
  prefixes: readonly number[] = [],
  told: (bytes: number, sha256: string) => void = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const hash = new Sha256()
  const marks = prefixes.filter((bytes) => bytes <= file.size).sort((one, other) => one - other)
  for (let at = 0; at < file.size || marks.length > 0; ) {
    signal?.throwIfAborted()
    const end = Math.min(at + READ_BYTES, file.size, marks[0] ?? file.size)
    hash.update(new Uint8Array(await file.slice(at, end).arrayBuffer()))
    at = end
    if (at !== marks[0]) continue
    marks.shift()
    told(at, hash.digest())
  }
  return hash.digest()
}
