import { setTimeout } from 'node:timers/promises'

/** So often in a second do bytes move under a limit. */
const STEPS_PER_SECOND = 20

/** Lets bytes through at no more than `perSecond`; undefined stands for no limit. */
export async function* paced(
  pieces: AsyncIterable<Uint8Array>,
  perSecond: number | undefined,
): AsyncGenerator<Uint8Array> {
  if (perSecond === undefined) {
    yield* pieces
    return
  }
  const step = Math.max(1, Math.floor(perSecond / STEPS_PER_SECOND))
  let due = performance.now()
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += step) {
      const slice = piece.subarray(at, at + step)
      yield slice
      // What was not used is not saved up, or the limit would be none after a pause.
      due = Math.max(due, performance.now() - 1000 / STEPS_PER_SECOND) + (slice.length / perSecond) * 1000
      const wait = due - performance.now()
      if (wait > 0) await setTimeout(wait)
    }
  }
}
