import { Waiters } from '#domain/async/waiters.ts'

/** How far a file on its way has got, for those who read it meanwhile. */
export class ReaderNotifier {
  readonly #waiters = new Waiters()
  #written: number
  #status: 'growing' | 'paused' | 'whole' = 'paused'

  /** `written` bytes can be read already. */
  constructor(written: number) {
    this.#written = written
  }

  /** Bytes that can be read from the file. */
  get written(): number {
    return this.#written
  }

  get status(): 'growing' | 'paused' | 'whole' {
    return this.#status
  }

  grow(written: number): void {
    this.#written = written
    this.#become('growing')
  }

  /** Nobody writes it for now, and perhaps less can be read. */
  pause(written = this.#written): void {
    this.#written = written
    this.#become('paused')
  }

  end(): void {
    this.#become('whole')
  }

  /** Calls `wake` once, at the next change; the answer calls that off. */
  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  #become(status: 'growing' | 'paused' | 'whole'): void {
    this.#status = status
    this.#waiters.release()
  }
}
