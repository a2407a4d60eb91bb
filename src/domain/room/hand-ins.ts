import type { Member } from './events.ts'
import { skeletonOf } from './moderation.ts'
import type { RoomFile, RoomState } from './state.ts'
import { isOperator } from './visibility.ts'

/** Somebody who has handed in a file, or was in the room while it collected. */
export interface HandIn {
  /** The id of a member with a key; left out where only a name identifies the person. */
  readonly id?: string
  /** The newest that is known. */
  readonly name: string
  /** In the room just now. */
  readonly isHere: boolean
  /** Whole, or on their way, oldest first. Empty: nothing yet. */
  readonly files: readonly RoomFile[]
}

/** Files that were sent to the operators of a room, by person. */
export interface HandIns {
  /** When the room began to collect, in milliseconds since 1970; left out where it does not: then all that it ever collected is here. */
  readonly since?: number
  /** Persons who left without handing in anything are known since then. No host keeps them over a restart. */
  readonly knownSince: number
  /** By their first file; then those with none, by name. */
  readonly people: readonly HandIn[]
}

/** So many people are remembered in one room, beside those who have handed in. */
const MOST_ATTENDED = 1000

/** Ids that the host makes up hold for one joining; those of members with a key are written otherwise, and stay theirs. */
const isMadeUp = (id: string): boolean => /^[0-9a-f]{32}$/.test(id)

/** One person: known by a key, or else by a name and those that look like it. */
const personKey = ({ id, name }: Member): string => (isMadeUp(id) ? nameKey(name) : id)
const nameKey = (name: string): string => `name ${skeletonOf(name)}`

/** The room begins to collect: those who are here could hand in. */
export function startAttendance(state: RoomState): void {
  state.attended.clear()
  for (const member of state.members.values()) attend(state, member)
}

/** Notes who is here while the room collects. `before`: what a member was called until now. */
export function attend(state: RoomState, { id, name }: Member, before?: string): void {
  if (state.rules.collectingSince === undefined) return
  if (before !== undefined && isMadeUp(id)) state.attended.delete(nameKey(before))
  state.attended.set(personKey({ id, name }), { id, name })
  const [oldest] = state.attended.keys()
  if (state.attended.size > MOST_ATTENDED && oldest !== undefined) state.attended.delete(oldest)
}

interface Found {
  id?: string
  name: string
  isHere: boolean
  readonly files: RoomFile[]
}

/** Who has handed in what, and who was here and has not. Operators count only where they have. */
export function handInsOf(state: RoomState): Omit<HandIns, 'knownSince'> {
  const since = state.rules.collectingSince
  const people = new Map<string, Found>()
  const files = [...state.files.values()].filter(({ file, at }) => file.audience?.to === 'staff' && at >= (since ?? 0))
  for (const file of files.sort((one, other) => one.at - other.at)) {
    const found = known(people, file.by)
    found.name = file.by.name
    found.files.push(file)
  }
  for (const member of state.attended.values()) if (!isOperator(state, member.id)) addAttended(people, member)
  for (const member of state.members.values()) {
    if (since !== undefined && member.role === undefined) addAttended(people, member)
    const found = people.get(personKey(member)) ?? people.get(nameKey(member.name))
    if (found !== undefined) found.isHere = true
  }
  const all = [...people.values()]
  const none = all.filter((each) => each.files.length === 0).sort((one, other) => (one.name < other.name ? -1 : 1))
  return {
    ...(since === undefined ? {} : { since }),
    people: [...all.filter((each) => each.files.length > 0), ...none],
  }
}

function known(people: Map<string, Found>, by: Member): Found {
  const key = personKey(by)
  const found = people.get(key) ?? {
    ...(isMadeUp(by.id) ? {} : { id: by.id }),
    name: by.name,
    isHere: false,
    files: [],
  }
  people.set(key, found)
  return found
}

/** A sender by curl under a member's name shows no key: it counts as that member as long as no two have sent. */
function addAttended(people: Map<string, Found>, member: Member): void {
  const byName = people.get(nameKey(member.name))
  if (people.has(personKey(member))) return
  if (byName !== undefined) {
    byName.id ??= member.id
    return
  }
  const isNamesake =
    isMadeUp(member.id) && [...people.values()].some(({ name }) => nameKey(name) === nameKey(member.name))
  if (!isNamesake) known(people, member)
}

/** The same file by file, oldest first, with those who have nothing whole among them. */
export function submissionsOf({ people }: Pick<HandIns, 'people'>): {
  readonly files: readonly RoomFile[]
  readonly missing: readonly HandIn[]
} {
  const files = people.flatMap((each) => each.files).sort((one, other) => one.at - other.at)
  return { files, missing: people.filter((each) => !each.files.some(({ status }) => status === 'whole')) }
}
