/** Two of these are a writer's memory. Larger ones measured no faster. */
export const WRITE_BUFFER_BYTES = 512 * 1024

/**
 * Gathers bytes in one slab while another is being written, so that small appends share a write. Slabs come into being
 * when they are first needed: an upload of one append has one.
 */
export class WriteBuffer {
  #slab: Uint8Array | undefined
  #spare: Uint8Array | undefined
  #filled = 0

  get filled(): number {
    return this.#filled
  }

  /** Bytes that fit until the next `swap`. */
  get room(): number {
    return WRITE_BUFFER_BYTES - this.#filled
  }

  /** Copies bytes that fit. */
  put(bytes: Uint8Array): void {
    this.#slab ??= this.#spare ?? Buffer.allocUnsafeSlow(WRITE_BUFFER_BYTES)
    if (this.#slab === this.#spare) this.#spare = undefined
    this.#slab.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** Takes out what was gathered; to be given back with `reuse` once it has been written. */
  swap(): Uint8Array {
    const gathered = (this.#slab ?? new Uint8Array()).subarray(0, this.#filled)
    this.#slab = undefined
    this.#filled = 0
    return gathered
  }

  /** Gives the memory back until bytes come again; what was gathered stays. */
  rest(): void {
    this.#spare = undefined
  }

  reuse(gathered: Uint8Array): void {
    this.#spare = new Uint8Array(gathered.buffer)
  }
}
