import { defer, filter, map, type OperatorFunction } from 'rxjs'
import type { Clock } from '../ports/system.ts'
import type { Progressed, TransferEvent } from './transfer.ts'

/** A room is told of a transfer that has taken so long. */
const FIRST_MS = 3000
/** Then after so long at the latest, and after so much of the file, but not more often than each second. */
const EVERY_MS = 10_000
const EVERY_SHARE = 0.1
const LEAST_MS = 1000

export const isProgress = (event: TransferEvent): event is Progressed => event.type === 'progressed'

/**
 * The bytes that have come, as often as a room is told of them: often enough to follow, and seldom enough for a room of thousands. `before`
 * bytes had come before; `size` answers the file's size in bytes where it is known.
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
