import { defer, filter, map, type OperatorFunction } from 'rxjs'
import type { Clock } from '../ports/system.ts'
import type { Progressed, TransferEvent } from './transfer.ts'

/** A room is told about a transfer after this time. */
const FIRST_MS = 3000
/** After that, at this interval at the latest, and after each such part of the file, but at most once a second. */
const EVERY_MS = 10_000
const EVERY_SHARE = 0.1
const LEAST_MS = 1000

export const isProgress = (event: TransferEvent): event is Progressed => event.type === 'progressed'

/**
 * The bytes received, as often as a room is told about them: often enough to follow, and rarely enough for a room of thousands.
 * `before`: bytes received earlier; `size` answers the file's size in bytes, if known.
 */
export const progressForRoom = (
  clock: Clock,
  before: number,
  size: () => number | undefined,
): OperatorFunction<TransferEvent, number> => {
  return (events$) =>
    defer(() => {
      let toldAt = clock.elapsed()
      let told = before
      let wasTold = false
      return events$.pipe(
        filter(isProgress),
        map(({ bytes }) => bytes),
        filter((bytes) => {
          const now = clock.elapsed()
          const ms = now - toldAt
          if (ms < (wasTold ? LEAST_MS : FIRST_MS) || bytes <= told) return false
          const isMuch = bytes - told >= (size() ?? Number.POSITIVE_INFINITY) * EVERY_SHARE
          if (wasTold && ms < EVERY_MS && !isMuch) return false
          toldAt = now
          told = bytes
          wasTold = true
          return true
        }),
      )
    })
}
