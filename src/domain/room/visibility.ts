import { type Rejected, rejected } from '../errors.ts'
import type { Batch, Encoder } from './batch.ts'
import { type Audience, authorOf, type Member, type RoomEvent } from './events.ts'
import { memberWith, personOf, skeletonOf } from './moderation.ts'
import type { RoomState } from './state.ts'

/** A reader with the rights of the moment. */
export interface Reader {
  readonly id: string
  readonly isOperator: boolean
}

/** Whether a member is an operator of the room, present or not. */
export const isOperator = (state: RoomState, id: string): boolean =>
  state.members.get(id)?.role !== undefined || state.ops.has(personOf(state, id))

/** Whether a name is that of an operator, present or not, or confusable with it. */
export function isOperatorName({ members, ops }: RoomState, name: string): boolean {
  const here = [...members.values()].filter(({ role }) => role !== undefined).map((member) => member.name)
  const look = skeletonOf(name)
  return [...here, ...ops.values()].some((other) => skeletonOf(other) === look)
}

/** Whether two audiences are the same. */
export const isSame = (one: Audience | undefined, other: Audience | undefined): boolean =>
  one?.from.id === other?.from.id && wordOf(one?.to) === wordOf(other?.to)

const wordOf = (to: Audience['to'] | undefined): string | undefined => (typeof to === 'object' ? to.id : to)

export const readerOf = (state: RoomState, id: string): Reader => ({ id, isOperator: isOperator(state, id) })

/** Undefined stands for everybody. */
export const admits = (audience: Audience | undefined, { id, isOperator }: Reader): boolean =>
  audience === undefined || audience.from.id === id || (audience.to === 'staff' ? isOperator : audience.to.id === id)

/** Whether a reader may see an event: everything but other people's whispers, and files that are not for them. */
export const isVisibleTo = (event: RoomEvent, reader: Reader): boolean => admits(audienceOf(event), reader)

export const toOperators = (by: Member): Audience => ({ from: authorOf(by), to: 'staff' })

/** Undefined if everybody may see it. */
export function audienceOf(event: RoomEvent): Audience | undefined {
  if (event.type === 'whispered') return { from: event.by, to: event.to }
  if (event.type === 'messageRemoved' || event.type === 'erased') return event.audience
  return 'file' in event ? event.file.audience : undefined
}

/** The audience of a new file: the member it is addressed to or, while the room collects, its operators. */
export function audienceFor(
  state: RoomState,
  by: Member,
  to: Audience['to'] | undefined,
): Audience | undefined | Rejected {
  const from = authorOf(by)
  const collects = state.rules.collectingSince !== undefined && !isOperator(state, by.id)
  if (to === 'staff' || (collects && to === undefined)) return { from, to: 'staff' }
  if (to === undefined) return undefined
  return collects ? collecting : { from, to: authorOf(to) }
}

/** The member with that name. If several share it, as guests at one address do, the one with this id. */
export function addressee({ members }: RoomState, name: string, id?: string): Member | Rejected {
  if (id !== undefined) return memberWith(members, id)
  const [to, another] = [...members.values()].filter((member) => member.name === name)
  if (to === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is here; /who lists who is')
  // A guest's name is an address, which several may share: a whisper must not reach the wrong one.
  if (another !== undefined)
    return rejected('NO_SUCH_MEMBER', 'several here go by that name; one of them must take a /nick')
  return to
}

/** The readers whose view of a batch differs from the public one. */
export interface BatchVisibility {
  /** The public part; the whole batch if nothing in it has an audience. */
  readonly open: readonly RoomEvent[]
  /** Ids of the members that the remaining events concern. */
  readonly concerned: ReadonlySet<string>
  /** Some of the remaining events are for operators of the room. */
  readonly concernsOperators: boolean
}

/** Computed once for each batch: a reader whom nothing concerns costs one lookup. */
export const visibilityOf: Encoder<BatchVisibility> = ({ events }) => {
  const concerned = new Set<string>()
  let concernsOperators = false
  for (const event of events) {
    const audience = audienceOf(event)
    if (audience === undefined) continue
    concerned.add(audience.from.id)
    if (audience.to === 'staff') concernsOperators = true
    else concerned.add(audience.to.id)
  }
  const open = concerned.size === 0 ? events : events.filter((event) => audienceOf(event) === undefined)
  return { open, concerned, concernsOperators }
}

/** A member's view of a batch; undefined: the public one. The member's rights are looked up only if they matter. */
export function ownVisibility(batch: Batch, id: string, reader: () => Reader): readonly RoomEvent[] | undefined {
  const { concerned, concernsOperators } = batch.encoded(visibilityOf)
  if (!concerned.has(id) && !(concernsOperators && reader().isOperator)) return undefined
  const now = reader()
  return batch.events.filter((event) => isVisibleTo(event, now))
}

const collecting = rejected(
  'NOT_ALLOWED',
  'this room collects files: send it without a name, and it goes to the moderators',
)
