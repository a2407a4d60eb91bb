import { defer, filter, from, map, merge, mergeMap, type Observable, takeUntil, throttleTime } from 'rxjs'
import { ClockScheduler } from '../async/scheduler.ts'
import type { Clock } from '../ports/system.ts'
import type { RoomActor } from '../room/actor.ts'
import type { OfferedFile, RoomEvent } from '../room/events.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { isProgress } from '../transfer/progress.ts'
import type { TransferEvent } from '../transfer/transfer.ts'

/** A transfer's progress is published at most this often. */
const PROGRESS_EVERY_MS = 1000

/**
 * Something that happened in a room: a message, a join, a mute, a complete file, … The host sees everything, including whispers and
 * files with an audience.
 */
export interface RoomHappening {
  readonly source: 'room'
  /** The room's name. */
  readonly room: string
  readonly event: RoomEvent
}

/** Something that happened to an unfinished file. */
export interface TransferHappening {
  readonly source: 'transfer'
  /** The name of the file's room. */
  readonly room: string
  /** The file as known at that time; `file.id` tells transfers apart. */
  readonly file: OfferedFile
  readonly event: TransferEvent
}

/** An event of one room or of one file, with its room. */
export type EngineEvent = RoomHappening | TransferHappening

/** Rooms or transfers: the open ones, then each one opened later. */
export interface Opened<Actor> {
  readonly open: Iterable<Actor>
  readonly opened$: Observable<Actor>
}

/** The events of all rooms and transfers in one stream, each with its room, until `closed$`. Costs nothing without subscribers. */
export function engineEvents(
  rooms: Opened<RoomActor>,
  transfers: Opened<TransferActor>,
  clock: Clock,
  closed$: Observable<unknown>,
): Observable<EngineEvent> {
  const scheduler = new ClockScheduler(clock)
  // Merges any number of streams at once, without queue or delay.
  const rooms$ = everyOf(rooms).pipe(
    mergeMap((room) =>
      room.events$.pipe(map((event): EngineEvent => ({ source: 'room', room: room.state.name, event }))),
    ),
  )
  const transfers$ = everyOf(transfers).pipe(
    mergeMap((transfer) =>
      merge(
        transfer.events$.pipe(filter((event) => !isProgress(event))),
        transfer.events$.pipe(filter(isProgress), throttleTime(PROGRESS_EVERY_MS, scheduler)),
      ).pipe(map((event): EngineEvent => ({ source: 'transfer', room: transfer.room, file: transfer.file, event }))),
    ),
  )
  return merge(rooms$, transfers$).pipe(takeUntil(closed$))
}

const everyOf = <Actor>(actors: Opened<Actor>): Observable<Actor> =>
  defer(() => merge(from([...actors.open]), actors.opened$))
