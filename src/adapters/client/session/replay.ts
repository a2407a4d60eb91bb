import { Observable, type Subscriber } from 'rxjs'
import { isEntry, type RoomEvent } from '#domain/room/events.ts'

/** What was told so far, and what comes. */
export interface Followed {
  /** The sequence after which a reader begins. */
  readonly start: number
  /** The sequence up to which `news$` has told everything. */
  readonly cursor: number
  readonly news$: Observable<RoomEvent>
}

export interface Page {
  readonly events: readonly RoomEvent[]
  /** There is nothing more up to this sequence. */
  readonly upTo: number
}

/**
 * Every entry after the start, for each subscriber: whoever comes late reads from the host what was told before, and goes on with what
 * comes; no gap, nothing twice. Presence is live only. What cannot be read any more is `missed`.
 */
export const replayed = (room: Followed, read: (after: number) => Promise<Page>): Observable<RoomEvent> =>
  new Observable((subscriber) => void follow(room, read, subscriber))

async function follow(
  room: Followed,
  read: (after: number) => Promise<Page>,
  subscriber: Subscriber<RoomEvent>,
): Promise<void> {
  let at = room.start
  while (at < room.cursor && !subscriber.closed) {
    const from = at
    const lost = { events: [{ type: 'missed', from: from + 1, to: room.cursor }], upTo: room.cursor } as const
    const page: Page = await read(from).catch(() => lost)
    for (const event of page.events) if (!isEntry(event) || event.seq > from) subscriber.next(event)
    // A host that was started anew has less than it had.
    at = page.upTo > from ? page.upTo : room.cursor
  }
  const isNew = (event: RoomEvent) => !isEntry(event) || event.seq > at
  if (!subscriber.closed)
    subscriber.add(
      room.news$.subscribe({
        next: (event) => isNew(event) && subscriber.next(event),
        complete: () => subscriber.complete(),
      }),
    )
}
