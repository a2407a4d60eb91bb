import { SentinelCheck } from './codec/sentinel.ts'

/** Results are kept for this many files. */
const KEPT = 1000

/** Whether the end mark can carry a file (C24, C25): read once for each file, whoever asks and however many. */
export class SentinelChecks {
  readonly #results = new Map<string, Promise<boolean>>()

  carries(id: string, source: () => AsyncIterable<Uint8Array>): Promise<boolean> {
    const known = this.#results.get(id)
    if (known !== undefined) return known
    const result = check(source())
    this.#results.set(id, result)
    // One that could not be read says nothing about the next try.
    result.catch(() => this.#results.delete(id))
    const [oldest] = this.#results.keys()
    if (this.#results.size > KEPT && oldest !== undefined) this.#results.delete(oldest)
    return result
  }
}

async function check(source: AsyncIterable<Uint8Array>): Promise<boolean> {
  const mark = new SentinelCheck()
  for await (const bytes of source) mark.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return mark.result()
}
