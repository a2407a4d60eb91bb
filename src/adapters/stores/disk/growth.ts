/** How far a file on its way has got, for those who read it meanwhile. */
export class Growth {
  readonly #waiting = new Set<() => void>()
  #written = 0
  #whole = false

  /** Bytes that can be read from the file. */
  get written(): number {
    return this.#written
  }

  get whole(): boolean {
    return this.#whole
  }

  grow(written: number): void {
    this.#written = written
    this.#wake()
  }

  end(): void {
    this.#whole = true
    this.#wake()
  }

  /** Calls `wake` once, at the next change; the answer calls that off. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => void this.#waiting.delete(wake)
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
