import type { Scan } from './sentinel.ts'

/** A body whose size was said ahead: no mark is looked for. The same shape as the scanner's. */
export class SizedBody {
  #missing: number

  constructor(size: number) {
    this.#missing = size
  }

  push(chunk: Buffer): Scan {
    const length = Math.min(this.#missing, chunk.length)
    this.#missing -= length
    return { body: length > 0 ? [chunk.subarray(0, length)] : [], end: this.#missing === 0 ? length : -1 }
  }

  flush(): readonly Buffer[] {
    return []
  }
}
