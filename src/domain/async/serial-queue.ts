export type SerialQueue = <T>(run: () => Promise<T>) => Promise<T>

/** Runs what it is given one after the other, whatever became of the ones before. `failed` hears of each that rejects. */
export function serialQueue(failed: (error: unknown) => void): SerialQueue {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = last.then(run, run)
    last = next
    next.catch(failed)
    return next
  }
}
