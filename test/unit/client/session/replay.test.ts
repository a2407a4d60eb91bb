import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { type Followed, replayed } from '#client/session/remote-session.ts'
import type { Page } from '#client/session/room-files.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { until } from '../../../harness/patience.ts'
import { said } from './scripted-host.ts'

/** A session that was told `told` entries, and a host that has `kept` of them, two to a page. */
function followed(start: number, kept: readonly RoomEvent[]) {
  const news$ = new Subject<RoomEvent>()
  const room = { start, cursor: start, news$ }
  const tell = (seq: number) => {
    room.cursor = seq
    news$.next(said(seq))
  }
  const read = async (after: number): Promise<Page> => {
    const events = kept.filter((event) => 'seq' in event && event.seq > after).slice(0, 2)
    return { events, upTo: events.length < 2 ? kept.length : after + 2 }
  }
  return { room: room as Followed, tell, read, news$ }
}

const seqs = (events: readonly RoomEvent[]) => events.map((event) => ('seq' in event ? event.seq : event.type))

function collect(house: Pick<ReturnType<typeof followed>, 'room' | 'read'>) {
  const events: RoomEvent[] = []
  const seen = { events, over: false }
  replayed(house.room, house.read).subscribe({
    next: (event) => events.push(event),
    complete: () => (seen.over = true),
  })
  return seen
}

it('shows whoever subscribes at once each event as it comes, and its end', () => {
  const house = followed(3, [])
  const seen = collect(house)
  house.tell(4)
  house.news$.next({ type: 'joined', by: { id: 'c', name: 'cici' } })
  house.news$.complete()
  expect(seqs(seen.events)).toEqual([4, 'joined'])
  expect(seen.over).toBe(true)
})

it('reads for whoever subscribes late what was told before, without a gap and nothing twice, also while it goes on', async () => {
  const house = followed(
    2,
    [1, 2, 3, 4, 5, 6, 7].map((seq) => said(seq)),
  )
  for (const seq of [3, 4, 5]) house.tell(seq)
  const seen = collect(house)
  house.tell(6)
  await until('all that was told', () => seen.events.length === 4 || seqs(seen.events).includes(6))
  house.tell(7)
  await until('the newest', () => seqs(seen.events).includes(7))
  house.tell(8)
  expect(seqs(seen.events)).toEqual([3, 4, 5, 6, 7, 8])
})

it('says what is missed where it cannot be read', async () => {
  const house = followed(0, [])
  house.tell(5)
  const seen = collect({ ...house, read: () => Promise.reject(new Error('gone')) })
  await until('the news', () => seen.events.length > 0)
  expect(seen.events).toEqual([{ type: 'missed', from: 1, to: 5 }])
})
