import { collisionKey, labelled, safeFileName } from '../names/file-name.ts'
import { savedName } from '../names/saved-name.ts'
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

/** Notes who is here while the room collects, but for operators. `before`: what a member was called until now. */
export function attend(state: RoomState, { id, name, role }: Member, before?: string): void {
  if (state.rules.collectingSince === undefined || role !== undefined) return
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

/** A file of somebody, and where it goes when all that was handed in is put into folders. */
export interface CollectedFile<File> {
  readonly file: File
  /** The name of their folder. */
  readonly folder: string
  /** The file's own name, with its time where it is not the newest of that name. */
  readonly as: string
}

/** Files of one name of one person. */
export interface CollectedVersions<File> {
  readonly newest: CollectedFile<File>
  /** Oldest first. */
  readonly earlier: readonly CollectedFile<File>[]
}

interface Submitted {
  readonly id: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * Folders for people, and the files for each: of one name the newest under that name, and those before it beside it, with their time.
 * `isWanted`: files that can be had now. `isThere`: whether there is a folder of this name from the time before.
 */
export function collected<
  File extends Submitted,
  Person extends { readonly id?: string; readonly name: string; readonly files: readonly File[] },
>(
  people: readonly Person[],
  {
    isWanted,
    isThere = () => false,
    timeText,
  }: {
    readonly isWanted: (file: File) => boolean
    readonly isThere?: (folder: string) => boolean
    readonly timeText: (at: number) => string
  },
): { readonly folders: ReadonlyMap<Person, string>; readonly versions: readonly CollectedVersions<File>[] } {
  const folders = foldersOf(people, isThere)
  const versions: CollectedVersions<File>[] = []
  for (const [person, folder] of folders)
    for (const files of byName(person.files.filter(isWanted))) {
      const [newest, ...before] = files.toReversed()
      if (newest === undefined) continue
      const earlier = before.reverse().map((file) => ({ file, folder, as: labelled(nameOf(file), timeText(file.at)) }))
      versions.push({ newest: { file: newest, folder, as: nameOf(newest) }, earlier })
    }
  return { folders, versions }
}

/** Each oldest first. */
function byName<File extends Submitted>(files: readonly File[]): Iterable<readonly File[]> {
  return Map.groupBy(files, (file) => collisionKey(nameOf(file))).values()
}

export const nameOf = ({ name, id }: Omit<Submitted, 'at'>): string => savedName(name, id)

/** Two of one name are kept apart by their ids, so that each has the same folder the next time, whoever else is there then. */
function foldersOf<Person extends { readonly id?: string; readonly name: string; readonly files: readonly unknown[] }>(
  people: readonly Person[],
  isThere: (folder: string) => boolean,
): ReadonlyMap<Person, string> {
  const folders = new Map<Person, string>()
  const taken = new Set<string>()
  for (const person of people) {
    if (person.files.length === 0) continue
    const safe = safeFileName(person.name, person.id ?? '')
    const plain = typeof safe === 'string' ? safe : 'person'
    const apart = `${plain} (${person.id?.slice(0, 6).toLowerCase() ?? 'no key'})`
    const isApart = taken.has(collisionKey(plain)) || isThere(apart)
    const free = isApart && !taken.has(collisionKey(apart)) ? apart : plain
    let folder = free
    for (let number = 2; taken.has(collisionKey(folder)); number++) folder = `${free} (${number})`
    taken.add(collisionKey(folder))
    folders.set(person, folder)
  }
  return folders
}
