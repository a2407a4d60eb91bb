/** The used part of `AbortSignal`: the domain has neither Node's types nor a browser's. */
export interface Abortable {
  readonly aborted: boolean
  addEventListener(type: 'abort', run: () => void, options: { readonly once: boolean }): void
  removeEventListener(type: 'abort', run: () => void): void
}

/** Promises and callbacks that wait for the same thing to happen. Released once each, in the order in which they began to wait. */
export class Waiters {
  /** Made when somebody waits: most never have anybody. */
  #waiting: Set<() => void> | undefined

  get size(): number {
    return this.#waiting?.size ?? 0
  }

  /** Resolves at the next release, or when `signal` is aborted: look at the state afterwards. */
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

  /** Calls `run` at the next release; the answer calls that off. */
  add(run: () => void): () => void {
    const waiter = () => run()
    this.#waiting ??= new Set()
    this.#waiting.add(waiter)
    return () => void this.#waiting?.delete(waiter)
  }

  /** Releases the first; false where there is none. */
  releaseOne(): boolean {
    const [first] = this.#waiting ?? []
    if (first === undefined) return false
    this.#waiting?.delete(first)
    first()
    return true
  }

  /** Releases all current waiters; those added meanwhile wait for the next release. */
  release(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const waiter of waiting ?? []) waiter()
  }
}
