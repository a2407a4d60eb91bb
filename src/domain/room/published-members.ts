import type { Member, Presence, RoomEvent } from './events.ts'

/** Members by id. */
export type MembersById = ReadonlyMap<string, Member>

/** The listed members as readers know them: without the effect of the events in `decided`, which are not published yet. */
export function publishedMembers(members: MembersById, decided: readonly RoomEvent[]): MembersById {
  const published = new Map(members)
  for (const event of decided.toReversed()) {
    if (event.type === 'joined') published.delete(event.by.id)
    else if (event.type === 'left') published.set(event.by.id, event.by)
    else if (event.type === 'renamed' && published.has(event.by.id))
      published.set(event.by.id, { ...event.by, name: event.from })
  }
  return published
}

/** Whether a member is among them. */
export function isPublished(id: string, members: MembersById, decided: readonly RoomEvent[]): boolean {
  const first = decided.find((event) => (event.type === 'joined' || event.type === 'left') && event.by.id === id)
  return first === undefined ? members.has(id) : first.type === 'left'
}

/** The events that turn one list of members into another. */
export function difference(before: MembersById, now: MembersById): readonly Presence[] {
  const events: Presence[] = []
  if (before === now) return events
  for (const by of before.values()) if (!now.has(by.id)) events.push({ type: 'left', by, reason: 'left' })
  for (const by of now.values()) {
    const known = before.get(by.id)
    if (known === undefined) events.push({ type: 'joined', by })
    else if (known.name !== by.name) events.push({ type: 'renamed', by, from: known.name })
    if (known === undefined || known.away === by.away) continue
    events.push(by.away === undefined ? { type: 'back', by } : { type: 'away', by, reason: by.away })
  }
  return events
}
