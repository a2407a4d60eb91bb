import { collisionKey, labelled, safeFileName } from '../names/file-name.ts'
import { savedName } from '../names/saved-name.ts'
import type { Member } from './events.ts'
import { skeletonOf } from './moderation.ts'
import type { RoomFile, RoomState } from './state.ts'
import { isOperator } from './visibility.ts'

/** A person who has handed in a file, or was in the room while it collected. */
export interface HandIn {
  /** The id of a member with a key; left out for a person known by name only. */
  readonly id?: string
  /** The newest name of the person. */
  readonly name: string
  /** In the room at the moment. */
  readonly isHere: boolean
  /** Complete and unfinished files, oldest first. Empty: nothing yet. */
  readonly files: readonly RoomFile[]
}

/** Files sent to the operators of a room, by person. */
export interface HandIns {
  /**
   * Start of the collection, in milliseconds since 1970; left out while the room does not collect: then everything ever collected is
   * here.
   */
  readonly since?: number
  /**
   * Start of the host's knowledge of people who left without handing in anything, in milliseconds since 1970. It does not survive a
   * restart.
   */
  readonly knownSince: number
  /** Ordered by first file; then people without files, by name. */
  readonly people: readonly HandIn[]
}

/** Number of people remembered in one room, besides those with files. */
const MOST_ATTENDED = 1000

/** Whether the host made up this id for one join. Ids of members with a key have another form, and stay theirs. */
const isMadeUp = (id: string): boolean => /^[0-9a-f]{32}$/.test(id)

/** Identifies a person: by key, or else by name, where confusable names are one. */
const personKey = ({ id, name }: Member): string => (isMadeUp(id) ? nameKey(name) : id)
const nameKey = (name: string): string => `name ${skeletonOf(name)}`

/** The room begins to collect: its present members are expected to hand in. */
export function startAttendance(state: RoomState): void {
  state.attended.clear()
  for (const member of state.members.values()) attend(state, member)
}

/** Notes a member who is present while the room collects; operators are left out. `before`: the member's previous name. */
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

/** People with their hand-ins, and people who were present and have none. Operators are listed only if they handed in something. */
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

/** A sender by curl under a member's name has no key, and counts as that member unless two such people have sent. */
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

/** The hand-ins file by file, oldest first, along with the people who have no complete file. */
export function submissionsOf({ people }: Pick<HandIns, 'people'>): {
  readonly files: readonly RoomFile[]
  readonly missing: readonly HandIn[]
} {
  const files = people.flatMap((each) => each.files).sort((one, other) => one.at - other.at)
  return { files, missing: people.filter((each) => !each.files.some(({ status }) => status === 'whole')) }
}

/** A person's file, with its place when all hand-ins are saved into folders. */
export interface CollectedFile<File> {
  readonly file: File
  /** The name of the person's folder. */
  readonly folder: string
  /** The file's own name; with its time in it unless it is the newest of that name. */
  readonly as: string
}

/** Files of the same name by the same person. */
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
 * Folders for people, with the files for each. The newest file of a name is saved under that name, earlier ones beside it with their
 * times. `isWanted`: whether a file can be had now. `isThere`: whether a folder of this name exists from an earlier run.
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

/** People with the same name are told apart by their ids, so that each gets the same folder the next time, whoever else is there then. */
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
