import type { Credentials } from '../browser/host-requests.ts'
import { BrowserIds } from '../browser/ids.ts'
import type { Keepsakes } from '../browser/keepsakes.ts'
import { RoomFiles } from '../files/room-files.ts'
import { HostHistory } from '../timeline/history.ts'
import { Outbox, type Talk } from '../timeline/outbox.ts'
import { Timeline } from '../timeline/timeline.ts'
import { Place, type WantedRoom } from './place.ts'

/** A room that is open in the page: the place in it, and what is shown of it. */
export class Room {
  readonly place: Place
  readonly history: HostHistory
  readonly timeline: Timeline
  readonly outbox: Outbox
  readonly files: RoomFiles

  constructor(wanted: WantedRoom, credentials: Credentials, session: Keepsakes) {
    const { room } = wanted
    this.place = new Place(wanted, credentials)
    this.history = new HostHistory(this.place.host, room)
    this.files = new RoomFiles(this.place.host, room)
    this.timeline = new Timeline(this.history, Date.now)
    const ids = new BrowserIds()
    this.outbox = new Outbox({
      send: (talk) => this.place.send(talk),
      newId: () => ids.next(),
      kept: talksIn(session.get(`unsent.${room}`)),
      keep: (talks) => session.set(`unsent.${room}`, talks.length === 0 ? undefined : JSON.stringify(talks)),
    })
  }

  get name(): string {
    return this.place.room
  }

  /** Rejects with `Refused`, or with `Unreachable`. */
  async enter(): Promise<void> {
    await this.place.enter()
    this.place.events$.subscribe((event) => {
      this.timeline.heard(event)
      this.files.heard(event)
      this.outbox.heard(event, this.place.member.peek().id)
    })
    this.outbox.resume(this.place.start)
    await Promise.all([this.timeline.toLatest(), this.files.load()])
  }

  leave(): void {
    void this.place.leave()
  }
}

/** What this page wrote there itself; anything else is nothing. */
function talksIn(json: string | undefined): readonly Talk[] {
  if (json === undefined) return []
  try {
    return JSON.parse(json) as readonly Talk[]
  } catch {
    return []
  }
}
