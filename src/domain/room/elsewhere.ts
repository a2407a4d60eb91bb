import { checkNick } from '../names/nick.ts'
import type { Away, Back, Joined, Left, Member, Renamed, RoomEvent, Typing } from './events.ts'
import type { Connection, Origin, RoomState } from './state.ts'

/**
 * What a member has done who is with another host. `joined`: it is with that host now, and so it may be with this one already; `left`: it is not any more.
 * The room is told of the first coming and the last going alone.
 */
export interface MemberNews {
  readonly event: Joined | Left | Renamed | Away | Back | Typing
  /** As in `Origin`; of `joined` alone. */
  readonly person?: string
  readonly keyless?: true
}

export const isNewsEvent = (event: RoomEvent): event is MemberNews['event'] =>
  ['joined', 'left', 'renamed', 'away', 'back', 'typing'].includes(event.type)

const isOwn = ({ isListed, host }: Connection): boolean => isListed && host === undefined

/** Whether a listed member is with this host. */
export const isHere = ({ connections, members }: Readonly<RoomState>, id: string): boolean =>
  members.has(id) && connections.get(id)?.some(isOwn) === true

/** The host of a member who is at another host; undefined otherwise. */
export function hostOf(state: Readonly<RoomState>, id: string): string | undefined {
  const all = state.connections.get(id) ?? []
  return all.some(isOwn) ? undefined : all.find(({ host }) => host !== undefined)?.host
}

/** The nick that a member has at another host; undefined without one. */
export function nickElsewhere({ connections, members }: Readonly<RoomState>, id: string): string | undefined {
  const name = members.get(id)?.name
  const isElsewhere = connections.get(id)?.some(({ host }) => host !== undefined) === true
  return isElsewhere && name !== undefined && !('type' in checkNick(name)) ? name : undefined
}

/** A member of this host, in the form that is sent to other hosts. */
export function newsOf({ origins }: Readonly<RoomState>, member: Member): MemberNews {
  const { person = member.id, keyless } = origins.get(member.id) ?? {}
  return { event: { type: 'joined', by: member }, person, ...(keyless === true ? { keyless } : {}) }
}

/** Notes the member's host. Answers the event to publish in the room. */
export function arrive(state: RoomState, host: string, { event, person, keyless }: MemberNews): RoomEvent | undefined {
  const { id } = event.by
  const known = state.members.get(id)
  switch (event.type) {
    case 'joined':
      note(state, id, host, { person: person ?? id, ...(keyless === undefined ? {} : { keyless }) })
      return known === undefined ? event : undefined
    case 'left': {
      const others = state.connections.get(id)?.filter((each) => each.host !== host) ?? []
      if (others.length === 0) state.connections.delete(id)
      else state.connections.set(id, others)
      const isGone = event.kickedBy !== undefined || !others.some(({ isListed }) => isListed)
      return known !== undefined && isGone ? { ...event, by: known } : undefined
    }
    case 'renamed':
      return known === undefined || known.name === event.by.name ? undefined : { ...event, from: known.name }
    case 'away':
    case 'back':
    case 'typing':
      return known === undefined ? undefined : event
    default:
      return event satisfies never
  }
}

function note(state: RoomState, id: string, host: string, origin: Origin): void {
  const others = state.connections.get(id) ?? []
  if (!state.origins.has(id)) state.origins.set(id, origin)
  if (others.some((each) => each.host === host)) return
  state.connections.set(id, [...others, { isListed: true, host }])
}
