/** Runs tasks one after the other, whatever the outcome of earlier ones. */
export class SerialQueue {
  readonly #failed: (error: unknown) => void
  #last: Promise<unknown> = Promise.resolve()

  /** `failed` is called with the error of each task that rejects; its caller gets the error too. */
  constructor(failed: (error: unknown) => void = () => {}) {
    this.#failed = failed
  }

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(task, task)
    this.#last = next
    next.catch(this.#failed)
    return next
  }
}
