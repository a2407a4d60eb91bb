import type { SharedMembers, SharedRoom } from '../ports/shared-members.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { Kick } from '../room/commands.ts'
import { isHere, isNewsEvent, type MemberNews, newsOf } from '../room/elsewhere.ts'
import type { Left, Member, RoomEvent } from '../room/events.ts'

/**
 * Until the room is closed, tells the other hosts about this host's members of a room, and the room about theirs. Resolves once the room
 * knows theirs.
 */
export async function shareMembers(room: RoomActor, shared: SharedMembers): Promise<void> {
  const { name } = room.state
  const members = new RemoteMembers(room, shared)
  room.kickElsewhere = (host, by, command) => shared.kick(host, name, by, command)
  room.connections.changes$.subscribe((id) => members.look(id))
  room.batches$.subscribe({
    next: ({ events }) => members.tell(events),
    complete: () => shared.leave(name),
  })
  await shared.enter(name, members)
}

class RemoteMembers implements SharedRoom {
  readonly #room: RoomActor
  readonly #shared: SharedMembers
  /** This host's members, as last told to the other hosts. */
  readonly #told = new Map<string, Member>()
  /** The members at each other host. */
  readonly #hosts = new Map<string, Map<string, Member>>()
  #isHearing = false

  constructor(room: RoomActor, shared: SharedMembers) {
    this.#room = room
    this.#shared = shared
  }

  get own(): readonly MemberNews[] {
    const { state } = this.#room
    return [...this.#told.keys()].flatMap((id) => {
      const member = state.members.get(id)
      return member === undefined ? [] : [newsOf(state, member)]
    })
  }

  get count(): number {
    return this.#told.size
  }

  /**
   * To be called when a connection of a member opens or closes. The room may not have heard of it, since the member has other
   * connections.
   */
  look(id: string): void {
    const news = this.#changeOf(id)
    if (news !== undefined) this.#shared.tell(this.#room.state.name, [news])
  }

  tell(events: readonly RoomEvent[]): void {
    if (this.#isHearing) return
    const news: MemberNews[] = []
    for (const event of events) {
      if (!isNewsEvent(event)) continue
      const { id } = event.by
      const change = this.#changeOf(id, event.type === 'left' ? event : undefined)
      if (change !== undefined) news.push(change)
      else if (event.type !== 'joined' && event.type !== 'left' && this.#told.has(id)) news.push({ event })
    }
    if (news.length > 0) this.#shared.tell(this.#room.state.name, news)
  }

  hear(host: string, news: readonly MemberNews[]): void {
    const known = this.#hosts.get(host) ?? new Map<string, Member>()
    this.#hosts.set(host, known)
    for (const { event } of news) {
      if (event.type === 'joined') known.set(event.by.id, event.by)
      if (event.type === 'left') known.delete(event.by.id)
    }
    if (known.size === 0) this.#hosts.delete(host)
    // What comes from other hosts is not told back to them.
    this.#isHearing = true
    try {
      this.#room.hear(host, news)
    } finally {
      this.#isHearing = false
    }
  }

  list(host: string, news: readonly MemberNews[], reason = 'left'): void {
    const now = new Set(news.map(({ event }) => event.by.id))
    const gone = [...(this.#hosts.get(host)?.values() ?? [])].filter(({ id }) => !now.has(id))
    this.hear(host, [...gone.map((by): MemberNews => ({ event: { type: 'left', by, reason } })), ...news])
  }

  kick(by: Member, command: Kick): ReturnType<SharedRoom['kick']> {
    return tell(this.#room, by, command)
  }

  /** The change of a member's presence at this host that the other hosts do not know yet. */
  #changeOf(id: string, left?: Left): MemberNews | undefined {
    const { state } = this.#room
    const before = this.#told.get(id)
    const member = isHere(state, id) ? state.members.get(id) : undefined
    if ((member === undefined) === (before === undefined)) return undefined
    if (member !== undefined) {
      this.#told.set(id, member)
      return newsOf(state, member)
    }
    this.#told.delete(id)
    const by = before as Member
    return { event: left ?? { type: 'left', by, reason: 'left' } }
  }
}
