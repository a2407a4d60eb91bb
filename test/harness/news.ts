/** For whoever waits for something to change: each `wake` ends every waiting. */
export class News {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next `wake`, or after `ms`. */
  next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer)
        this.#waiting.delete(settle)
        resolve()
      }
      const timer = setTimeout(settle, ms)
      this.#waiting.add(settle)
    })
  }

  wake(): void {
    for (const settle of [...this.#waiting]) settle()
  }
}
