import {
  type Deopped,
  isHostNotice,
  type Member,
  type Opped,
  type Presence,
  type Unvoiced,
  type Voiced,
} from '#domain/room/events.ts'

/** The members of the room, as far as this session knows. */
export class Members {
  readonly #members = new Map<string, Member>()

  get all(): readonly Member[] {
    return [...this.#members.values()]
  }

  /**
   * Takes the host's present list of members. Answers the differences as presence events, so that subscribers of the events know all
   * members. In a large room the host lists only some; the others are assumed to be still there.
   */
  sync(members: readonly Member[], complete: boolean): readonly Presence[] {
    const news: Presence[] = []
    const present = new Set(members.map(({ id }) => id))
    for (const by of complete ? this.all : [])
      if (!present.has(by.id)) news.push({ type: 'left', by, reason: 'left while nobody could tell' })
    for (const by of members) {
      const before = this.#members.get(by.id)
      if (before === undefined) news.push({ type: 'joined', by })
      else if (before.name !== by.name) news.push({ type: 'renamed', by, from: before.name })
      if (by.away !== undefined && before?.away !== by.away) news.push({ type: 'away', by, reason: by.away })
      if (by.away === undefined && before?.away !== undefined) news.push({ type: 'back', by })
    }
    for (const event of news) this.take(event)
    // A role is no event of its own, but may have changed.
    for (const by of members) this.#members.set(by.id, by)
    return news
  }

  /** Whether the event is news, rather than in the list already. */
  take(event: Presence): boolean {
    if (isHostNotice(event)) return true
    const { id, name } = event.by
    const known = this.#members.get(id)
    switch (event.type) {
      case 'joined':
        if (known !== undefined) return false
        this.#members.set(id, event.by)
        return true
      case 'left':
        return this.#members.delete(id)
      case 'renamed':
        if (known === undefined || known.name === name) return false
        this.#members.set(id, event.by)
        return true
      case 'away':
        this.#members.set(id, { ...event.by, away: event.reason })
        return true
      case 'back':
        this.#members.set(id, event.by)
        return true
      case 'typing':
      case 'fileProgressed':
        return true
      default:
        return event satisfies never
    }
  }

  /** A member was appointed operator, was given a voice, or lost either. */
  rule(event: Opped | Deopped | Voiced | Unvoiced): void {
    const name = 'to' in event ? event.to.name : event.name
    for (const member of this.#members.values()) {
      if (member.name !== name) continue
      const { role, voice, ...plain } = member
      if (event.type === 'voiced' || event.type === 'unvoiced') {
        const rank = role === undefined ? {} : { role }
        this.#members.set(member.id, { ...plain, ...rank, ...(event.type === 'voiced' ? { voice: true } : {}) })
      } else if (role !== 'owner') {
        const kept = voice === undefined ? plain : { ...plain, voice }
        this.#members.set(member.id, event.type === 'opped' ? { ...kept, role: 'op' } : kept)
      }
    }
  }
}
