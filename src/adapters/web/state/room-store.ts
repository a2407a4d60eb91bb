import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { type Observable, Subject } from 'rxjs'
import { RemoteRoom } from '#client/session/remote-room.ts'
import { webSocketTo } from '#client/session/transports.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand, PostedCommand } from '#domain/room/commands.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import type { OwnMute, RoomFacts } from '#domain/room/rules.ts'
import type { ConnectionState } from '#domain/session.ts'
import { type Credentials, PageApi } from '../browser/http.ts'
import { BrowserClock, BrowserIds, home } from '../browser/platform.ts'
import { sessionDefaults } from '../defaults.ts'

export interface RoomTarget {
  readonly room: string
  readonly name: string
  /** The room's password, or an invitation. */
  readonly password?: string
}

/** The page's place in a room, as signals that views read. Everything of the room's that the page shows comes from here. */
export class RoomStore {
  readonly room: string
  /** The host over HTTP, as this member. */
  readonly api: PageApi
  /** The host's token or an invitation, by which one came in. */
  readonly token: string | undefined
  readonly #session: RemoteRoom
  readonly #events = new Subject<RoomEvent>()
  readonly #member = signal<Member>({ id: '', name: '' })
  readonly #members = signal<readonly Member[]>([])
  readonly #facts: Signal<RoomFacts>
  readonly #muted = signal<OwnMute | undefined>(undefined)
  readonly #state = signal<ConnectionState>({ status: 'connected' })

  constructor(wanted: RoomTarget, credentials: Credentials) {
    this.room = wanted.room
    this.api = new PageApi(credentials)
    this.token = credentials.token
    const { key, token } = credentials
    const url = `${home().replace(/^http/, 'ws')}ws`
    this.#session = new RemoteRoom(
      {
        open: webSocketTo(url, WebSocket),
        clock: new BrowserClock(),
        ids: new BrowserIds(),
        random: Math.random,
        settings: sessionDefaults,
      },
      { ...wanted, key, ...(token === undefined ? {} : { token }) },
    )
    this.#facts = signal(this.#session.facts)
  }

  get member(): ReadonlySignal<Member> {
    return this.#member
  }

  get members(): ReadonlySignal<readonly Member[]> {
    return this.#members
  }

  get facts(): ReadonlySignal<RoomFacts> {
    return this.#facts
  }

  /** Set while this member can only read. */
  get muted(): ReadonlySignal<OwnMute | undefined> {
    return this.#muted
  }

  get state(): ReadonlySignal<ConnectionState> {
    return this.#state
  }

  /** The room's events from joining on; each entry once, in order. */
  get events$(): Observable<RoomEvent> {
    return this.#events.asObservable()
  }

  /** The room's newest entry when the page came in. */
  get start(): number {
    return this.#session.start
  }

  /** Rejects with `Refused`, or with `Unreachable`. */
  async enter(): Promise<void> {
    await this.#session.enter()
    this.#session.news$.subscribe((event) => {
      this.#sync(CHANGES_MEMBERS.has(event.type))
      this.#events.next(event)
    })
    this.#session.muted$.subscribe((muted) => (this.#muted.value = muted))
    this.#session.state$.subscribe((state) => {
      this.#sync(true)
      this.#state.value = state
    })
  }

  /** Resolves after the commit, however many connections that takes. */
  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#session.send(command)
  }

  post(command: PostedCommand): void {
    this.#session.post([command])
  }

  /** Where it waits to try again, it does so at once. */
  hurry(): void {
    this.#session.hurry()
  }

  leave(farewell?: string): Promise<void> {
    return this.#session.leave('left', farewell)
  }

  #sync(withMembers: boolean): void {
    const { member, members, facts } = this.#session
    this.#facts.value = facts
    if (!withMembers) return
    // As the room sees this member, with role and all.
    this.#member.value = members.find(({ id }) => id === member.id) ?? member
    this.#members.value = members
  }
}

const CHANGES_MEMBERS: ReadonlySet<RoomEvent['type']> = new Set([
  'joined',
  'left',
  'renamed',
  'away',
  'back',
  'opped',
  'deopped',
  'voiced',
  'unvoiced',
])
