import type { Writable } from 'node:stream'
import { Observable } from 'rxjs'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { visibilityOf } from '#domain/room/visibility.ts'

/** The most output that waits for the reader; past it events stay in the journal until it reads on, as for every slow reader. */
const OUTPUT_MARK_BYTES = 256 * 1024

/** The session's events, no faster than `output` is read (C89). A reader that has gone away holds nothing up. `isFull`: it is behind, and will drain. */
export function batchesAtPaceOf(
  session: LocalSession,
  output: Writable,
  isFull: () => boolean = () => output.writableLength > OUTPUT_MARK_BYTES,
): Observable<readonly RoomEvent[]> {
  return new Observable((subscriber) => {
    const subscription = session.follow(
      session.after,
      (batch) => {
        subscriber.next(session.visibleIn(batch) ?? batch.encoded(visibilityOf).open)
        if (output.writable && isFull()) subscription.pause(batch.last ?? subscription.cursor)
      },
      () => subscriber.complete(),
    )
    const resume = () => subscription.resume()
    output.on('drain', resume).on('error', resume).on('close', resume)
    subscription.resume()
    return () => {
      output.off('drain', resume).off('error', resume).off('close', resume)
      subscription.close()
    }
  })
}
