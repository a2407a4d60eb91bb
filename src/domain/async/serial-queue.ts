export type InTurn = <T>(run: () => Promise<T>) => Promise<T>

/** Runs what it is given one after the other, whatever became of the ones before. `failed` hears of each that rejects. */
export function oneAtATime(failed: (error: unknown) => void): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = last.then(run, run)
    last = next
    next.catch(failed)
    return next
  }
}
