import { ManualClock } from '#system/clock.ts'
import { PATIENCE_MS } from './patience.ts'

/** The end of this turn of the event loop, when everything that could go on without news from outside has done so. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await turn()
}

/** Waits until `holds`, and fails in the end with what `holds` threw, or with `what`. */
export async function until(
  holds: () => boolean,
  what: string | (() => string) = 'what was waited for',
): Promise<void> {
  const late = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > late) throw new Error(`never came: ${typeof what === 'string' ? what : what()}`)
    await turn()
  }
}

/** Time stands still, but a commit still takes its turn of the event loop. */
export class TurnClock extends ManualClock {
  override soon(run: () => void): void {
    setImmediate(run)
  }
}
