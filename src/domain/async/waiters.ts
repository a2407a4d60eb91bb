/** The used part of `AbortSignal`: the domain has neither Node's types nor a browser's. */
export interface Abortable {
  readonly aborted: boolean
  addEventListener(type: 'abort', run: () => void, options: { readonly once: boolean }): void
  removeEventListener(type: 'abort', run: () => void): void
}

/** Promises and callbacks that wait for the same thing. Each is released once, in the order of arrival. */
export class Waiters {
  /** Created for the first waiter: most never have one. */
  #waiting: Set<() => void> | undefined

  get size(): number {
    return this.#waiting?.size ?? 0
  }

  /** Resolves at the next release, or when `signal` is aborted: check the state afterwards. */
  wait(signal?: Abortable): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      if (signal === undefined) {
        this.add(resolve)
        return
      }
      const abort = () => {
        remove()
        resolve()
      }
      const remove = this.add(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** Calls `run` at the next release; the returned function cancels that. */
  add(run: () => void): () => void {
    const waiter = () => run()
    this.#waiting ??= new Set()
    this.#waiting.add(waiter)
    return () => void this.#waiting?.delete(waiter)
  }

  /** Releases the first; false if there is none. */
  releaseOne(): boolean {
    const [first] = this.#waiting ?? []
    if (first === undefined) return false
    this.#waiting?.delete(first)
    first()
    return true
  }

  /** Releases all current waiters; those added during the release wait for the next. */
  release(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    for (const waiter of waiting) waiter()
  }
}
