import { Packr, Unpackr } from 'msgpackr'
import { Batch, type Encoder } from '#domain/room/batch.ts'
import type {
  Audience,
  Entry,
  FileOffered,
  Member,
  MentionedFile,
  OfferedFile,
  Persons,
  WholeFile,
} from '#domain/room/events.ts'

/**
 * Goes up when the content of a tuple changes; older versions stay readable, because stores keep them. Batches in which a file has an
 * audience are of version 2: a host that knows no audiences must not take such a file for everybody's.
 */
const VERSION = 1
const VERSION_OF_AUDIENCES = 2
const READABLE: readonly unknown[] = [VERSION, VERSION_OF_AUDIENCES]
const KIND = {
  said: 1,
  acted: 2,
  whispered: 3,
  topicSet: 4,
  fileOffered: 5,
  fileCompleted: 6,
  fileWithdrawn: 7,
  fileReceived: 8,
  opped: 9,
  deopped: 10,
  muted: 11,
  unmuted: 12,
  banned: 13,
  unbanned: 14,
  locked: 15,
  unlocked: 16,
  collectionStarted: 17,
  collectionEnded: 18,
  passwordSet: 19,
  passwordRemoved: 20,
  shutOut: 21,
  slowModeSet: 22,
  expirySet: 23,
  messageRemoved: 24,
  cleared: 25,
  erased: 26,
  fileServed: 27,
  inviteOnlySet: 28,
  topicLockSet: 29,
  moderatorsSpeakSet: 30,
  unlistedSet: 31,
  mostMembersSet: 32,
  voiced: 33,
  unvoiced: 34,
} as const satisfies Record<Entry['type'], number>
const TYPES: ReadonlyMap<unknown, Entry['type']> = new Map(
  Object.entries(KIND).map(([type, kind]) => [kind, type as Entry['type']]),
)

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

/** The bytes are not packed entries, or were packed by a newer version. The message quotes none of them. */
export class BadEntries extends Error {
  readonly code = 'BAD_ENTRIES'
}

/**
 * A batch's entries as msgpack: `[version, tuple, …]`, each tuple `[kind, seq, at, by.id, by.name, …]` as in
 * `toTuple`. Presence is left out. The result is a view on a larger buffer: copy it before transferring it.
 */
export const packEntries: Encoder<Uint8Array> = (batch) => {
  const tuples: unknown[] = [VERSION]
  for (const entry of batch.entries) {
    tuples.push(toTuple(entry))
    if ('file' in entry && entry.file.audience !== undefined) tuples[0] = VERSION_OF_AUDIENCES
  }
  return packr.pack(tuples)
}

/**
 * The batch that `packEntries` made `bytes` from, without the command ids. Throws `BadEntries` on anything else. Meant
 * for bytes a checksum has vouched for: it bounds nothing before it decodes, so bytes from a peer need a prescan first.
 */
export const unpackEntries = (room: string, bytes: Uint8Array): Batch => {
  let tuples: unknown
  try {
    tuples = unpackr.unpack(bytes)
  } catch (cause) {
    throw new BadEntries('these bytes are not msgpack; the stored batch is damaged', { cause })
  }
  if (!Array.isArray(tuples) || !READABLE.includes(tuples[0])) {
    throw new BadEntries('these entries have an unknown version; a newer tamtam may read them')
  }
  return new Batch(room, tuples.slice(1).map(toEntry))
}

/** The lengths of the packed tuples in a result of `packEntries`, which end where it ends. */
export const recordLengths = (packed: Uint8Array): number[] => {
  const count = headerOf(packed)
  const lengths: number[] = []
  // Behind the version.
  let at = skipValue(packed, count.next)
  for (let index = 1; index < count.value; index += 1) {
    const from = at
    at = skipValue(packed, at)
    lengths.push(at - from)
  }
  return lengths
}

/** One packed tuple. Throws `BadEntries` as `unpackEntries` does. */
export const unpackRecord = (packed: Uint8Array): Entry => {
  let tuple: unknown
  try {
    tuple = unpackr.unpack(packed)
  } catch (cause) {
    throw new BadEntries('these bytes are not msgpack; the stored entry is damaged', { cause })
  }
  return toEntry(tuple)
}

const headerOf = (packed: Uint8Array): { value: number; next: number } => {
  const head = packed[0] ?? 0
  if (head >> 4 === 0x9) return { value: head & 0xf, next: 1 }
  if (head === 0xdc) return { value: uint(packed, 1, 2), next: 3 }
  if (head === 0xdd) return { value: uint(packed, 1, 4), next: 5 }
  throw new BadEntries('these bytes are no array; the stored batch is damaged')
}

/** How many bytes follow the head of a msgpack value, for those of a fixed length, from 0xc0 on; -1 where it says itself how many. */
const FIXED = [0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

/** Where the value behind the one at `at` begins; only for bytes that were packed here. */
const skipValue = (packed: Uint8Array, at: number): number => {
  let next = at
  for (let left = 1; left > 0; left -= 1) {
    const head = packed[next] as number
    next += 1
    if (head < 0x80 || head >= 0xe0) continue
    if (head < 0xa0) left += (head & 0xf) * (head < 0x90 ? 2 : 1)
    else if (head < 0xc0) next += head & 0x1f
    else if (head >= 0xd9 && head <= 0xdb) {
      const size = 1 << (head - 0xd9)
      next += size + uint(packed, next, size)
    } else if (head === 0xdc) {
      left += uint(packed, next, 2)
      next += 2
    } else {
      const size = FIXED[head - 0xc0] ?? -1
      if (size < 0) throw new BadEntries('an entry holds what no entry has')
      next += size
    }
  }
  return next
}

const uint = (bytes: Uint8Array, at: number, size: number): number => {
  let value = 0
  for (let index = 0; index < size; index += 1) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}

const toTuple = (entry: Entry): unknown[] => {
  const { seq, at, by } = entry
  const { id, name } = by
  if ('seconds' in entry) return [KIND[entry.type], seq, at, id, name, entry.seconds]
  if ('on' in entry)
    return [KIND[entry.type], seq, at, id, name, entry.on, ...('persons' in entry ? personsTuple(entry.persons) : [])]
  switch (entry.type) {
    case 'said':
      return [KIND.said, seq, at, id, name, entry.text, ...noticeTuple(entry)]
    case 'acted':
      return [KIND.acted, seq, at, id, name, entry.text]
    case 'whispered':
      return [KIND.whispered, seq, at, id, name, entry.to.id, entry.to.name, entry.text, ...noticeTuple(entry)]
    case 'topicSet':
      return [KIND.topicSet, seq, at, id, name, entry.topic]
    case 'fileOffered':
      return [
        ...[KIND.fileOffered, seq, at, id, name, entry.file.id, entry.file.name, entry.file.size ?? null],
        // Last, because the first entries of this version have no such field.
        ...offerTuple(entry),
      ]
    case 'fileCompleted':
      return [
        ...[KIND.fileCompleted, seq, at, id, name, entry.file.id, entry.file.name, entry.file.size],
        ...[entry.file.sha256, ...aboutTuple(entry.file, entry.owner)],
      ]
    case 'fileWithdrawn':
      return [
        ...[KIND.fileWithdrawn, seq, at, id, name, entry.file.id, entry.file.name, entry.file.size ?? null],
        ...[entry.reason, ...aboutTuple(entry.file, memberTuple(entry.removedBy))],
      ]
    case 'fileReceived':
    case 'fileServed':
      return [
        ...[KIND[entry.type], seq, at, id, name, entry.file.id, entry.file.name, entry.file.size ?? null],
        ...aboutTuple(entry.file),
      ]
    case 'opped':
    case 'voiced':
      return [KIND[entry.type], seq, at, id, name, entry.to.id, entry.to.name, entry.person]
    case 'unvoiced':
      return [KIND.unvoiced, seq, at, id, name, entry.name, entry.person]
    case 'mostMembersSet':
      return [KIND.mostMembersSet, seq, at, id, name, entry.most]
    case 'deopped':
      return [KIND.deopped, seq, at, id, name, entry.name, entry.person, ...personsTuple(entry.persons)]
    case 'muted':
    case 'banned': {
      const persons = personsTuple(entry.persons)
      const reason = entry.reason ?? (persons.length === 0 ? undefined : '')
      return [KIND[entry.type], seq, at, id, name, entry.name, ...(reason === undefined ? [] : [reason]), ...persons]
    }
    case 'unmuted':
    case 'unbanned':
      return [KIND[entry.type], seq, at, id, name, entry.name]
    case 'locked':
      return [KIND.locked, seq, at, id, name, ...personsTuple(entry.persons)]
    case 'shutOut':
      return [KIND.shutOut, seq, at, id, name, entry.person]
    case 'messageRemoved':
      return [KIND.messageRemoved, seq, at, id, name, entry.target, ...audienceTuple(entry)]
    case 'cleared':
      return [KIND.cleared, seq, at, id, name, entry.upTo]
    case 'erased':
      return entry.trace === undefined
        ? [KIND.erased, seq, at, id, name, ...audienceTuple(entry)]
        : [KIND.erased, seq, at, id, name, audienceTuple(entry)[0] ?? null, entry.trace]
    case 'unlocked':
    case 'collectionStarted':
    case 'collectionEnded':
    case 'passwordSet':
    case 'passwordRemoved':
      return [KIND[entry.type], seq, at, id, name]
    default:
      return entry satisfies never
  }
}

const toEntry = (tuple: unknown): Entry => {
  if (!Array.isArray(tuple)) throw new BadEntries('an entry is not a tuple; the stored batch is damaged')
  const seq = numberAt(tuple, 1)
  const at = numberAt(tuple, 2)
  const by = memberAt(tuple, 3)
  const type = TYPES.get(tuple[0])
  switch (type) {
    case 'said':
      return { type: 'said', seq, at, by, text: textAt(tuple, 5), ...noticeAt(tuple, 6) }
    case 'acted':
      return { type: 'acted', seq, at, by, text: textAt(tuple, 5) }
    case 'whispered':
      return { type: 'whispered', seq, at, by, to: memberAt(tuple, 5), text: textAt(tuple, 7), ...noticeAt(tuple, 8) }
    case 'topicSet':
      return { type: 'topicSet', seq, at, by, topic: textAt(tuple, 5) }
    case 'fileOffered':
      return {
        ...{ type: 'fileOffered', seq, at, by, file: { ...offeredAt(tuple, 5), ...aboutAt(tuple, 9, 11) } },
        ...(tuple[10] == null ? {} : { owner: textAt(tuple, 10) }),
        ...(tuple[12] == null ? {} : { home: textAt(tuple, 12) }),
      }
    case 'fileCompleted':
      return {
        ...{ type: 'fileCompleted', seq, at, by, file: { ...wholeAt(tuple, 5), ...aboutAt(tuple, 9) } },
        ...(tuple[11] == null ? {} : { owner: textAt(tuple, 11) }),
      }
    case 'fileWithdrawn':
      return {
        ...{ type: 'fileWithdrawn', seq, at, by, reason: textAt(tuple, 8) },
        file: { ...mentionedAt(tuple, 5), ...aboutAt(tuple, 9) },
        ...(tuple[11] == null ? {} : { removedBy: memberAt(listAt(tuple, 11), 0) }),
      }
    case 'fileReceived':
    case 'fileServed':
      return { type, seq, at, by, file: { ...mentionedAt(tuple, 5), ...aboutAt(tuple, 8) } }
    case 'opped':
    case 'voiced':
      return { type, seq, at, by, to: memberAt(tuple, 5), person: textAt(tuple, 7) }
    case 'unvoiced':
      return { type, seq, at, by, name: textAt(tuple, 5), person: textAt(tuple, 6) }
    case 'inviteOnlySet':
      return { type, seq, at, by, on: tuple[5] === true, ...personsAt(tuple, 6) }
    case 'topicLockSet':
    case 'moderatorsSpeakSet':
    case 'unlistedSet':
      return { type, seq, at, by, on: tuple[5] === true }
    case 'mostMembersSet':
      return { type, seq, at, by, most: numberAt(tuple, 5) }
    case 'deopped':
      return { type: 'deopped', seq, at, by, name: textAt(tuple, 5), person: textAt(tuple, 6), ...personsAt(tuple, 7) }
    case 'muted':
      return { type: 'muted', seq, at, by, name: textAt(tuple, 5), ...reasonAt(tuple, 6), ...personsAt(tuple, 7) }
    case 'unmuted':
      return { type: 'unmuted', seq, at, by, name: textAt(tuple, 5) }
    case 'banned':
      return { type: 'banned', seq, at, by, name: textAt(tuple, 5), ...reasonAt(tuple, 6), ...personsAt(tuple, 7) }
    case 'unbanned':
      return { type: 'unbanned', seq, at, by, name: textAt(tuple, 5) }
    case 'locked':
      return { type: 'locked', seq, at, by, ...personsAt(tuple, 5) }
    case 'shutOut':
      return { type: 'shutOut', seq, at, by, person: textAt(tuple, 5) }
    case 'messageRemoved':
      return { type, seq, at, by, target: numberAt(tuple, 5), ...audienceAt(tuple, 6) }
    case 'cleared':
      return { type, seq, at, by, upTo: numberAt(tuple, 5) }
    case 'erased':
      return {
        ...{ type: 'erased', seq, at, by, ...audienceAt(tuple, 5) },
        ...(tuple[6] === undefined ? {} : { trace: textAt(tuple, 6) }),
      }
    case 'unlocked':
    case 'collectionStarted':
    case 'collectionEnded':
    case 'passwordSet':
    case 'passwordRemoved':
      return { type, seq, at, by }
    case undefined:
      throw new BadEntries('an entry is of an unknown kind; a newer tamtam may read it')
    default:
      // A number of seconds for one of the room's rules.
      return { type, seq, at, by, seconds: numberAt(tuple, 5) }
  }
}

const textAt = (tuple: readonly unknown[], index: number): string => {
  const value = tuple[index]
  if (typeof value !== 'string') throw new BadEntries(`field ${index} of an entry is not text`)
  return value
}

const numberAt = (tuple: readonly unknown[], index: number): number => {
  const value = tuple[index]
  if (!Number.isSafeInteger(value)) throw new BadEntries(`field ${index} of an entry is not a whole number`)
  return value as number
}

/** Last, because the first entries of this version have no such field. */
const noticeTuple = ({ notice }: { readonly notice?: true }): readonly unknown[] => (notice === true ? [true] : [])

const noticeAt = (tuple: readonly unknown[], index: number): { notice?: true } =>
  tuple[index] === true ? { notice: true } : {}

const memberTuple = (member: Member | undefined): readonly string[] | undefined => member && [member.id, member.name]

const listAt = (tuple: readonly unknown[], index: number): readonly unknown[] => {
  const value = tuple[index]
  if (!Array.isArray(value)) throw new BadEntries(`field ${index} of an entry is no list`)
  return value
}

const memberAt = (tuple: readonly unknown[], index: number): Member => ({
  id: textAt(tuple, index),
  name: textAt(tuple, index + 1),
})

/** Empty where there is none and persons stand behind it. */
const reasonAt = (tuple: readonly unknown[], index: number): { reason?: string } =>
  tuple[index] === undefined || (tuple[index] === '' && tuple.length > index + 1)
    ? {}
    : { reason: textAt(tuple, index) }

/** Last, because the first entries of this version have no such field. */
const personsTuple = (persons: Persons | undefined): readonly unknown[] => (persons === undefined ? [] : [persons])

const personsAt = (tuple: readonly unknown[], index: number): { persons?: Persons } => {
  const persons = tuple[index]
  if (persons === undefined) return {}
  if (!Array.isArray(persons)) throw new BadEntries(`field ${index} of an entry is no list of persons`)
  return { persons: persons.map((_, each) => textAt(persons, each)) }
}

const offeredAt = (tuple: readonly unknown[], index: number): OfferedFile => {
  const file = mentionedAt(tuple, index)
  return tuple[index + 3] == null ? file : { ...file, sha256: textAt(tuple, index + 3) }
}

/** `[sha256, audience, owner, more, home]`, as far as there is one. */
const offerTuple = ({ file, owner, home }: FileOffered): readonly unknown[] => {
  const [audience] = audienceTuple(file)
  const more = moreTuple(file)
  if (home !== undefined) return [file.sha256 ?? null, audience ?? null, owner ?? null, more[0] ?? null, home]
  if (more.length > 0) return [file.sha256 ?? null, audience ?? null, owner ?? null, ...more]
  if (owner !== undefined) return [file.sha256 ?? null, audience ?? null, owner]
  if (audience !== undefined) return [file.sha256 ?? null, audience]
  return file.sha256 === undefined ? [] : [file.sha256]
}

/** `[from.id, from.name]` for the operators, with `to.id, to.name` for one person; nothing at all for everybody. */
const audienceTuple = ({ audience }: { readonly audience?: Audience }): readonly unknown[] => {
  if (audience === undefined) return []
  const { from, to } = audience
  return [[from.id, from.name, ...(to === 'staff' ? [] : [to.id, to.name])]]
}

const audienceAt = (tuple: readonly unknown[], index: number): { readonly audience?: Audience } => {
  const told = tuple[index]
  if (told === undefined || told === null) return {}
  if (!Array.isArray(told)) throw new BadEntries(`field ${index} of an entry is no audience`)
  return { audience: { from: memberAt(told, 0), to: told.length === 2 ? 'staff' : memberAt(told, 2) } }
}

/** `[audience, more, last]`, as far as there is one. */
const aboutTuple = (file: MentionedFile, last?: unknown): readonly unknown[] => {
  const [audience] = audienceTuple(file)
  const more = moreTuple(file)
  if (last !== undefined) return [audience ?? null, more[0] ?? null, last]
  return more.length > 0 ? [audience ?? null, ...more] : audienceTuple(file)
}

/** `[folder.files, folder.bytes, expiresAt]`, `null` for an absent one; nothing at all for a file that has none of them. */
const moreTuple = ({ folder, expiresAt }: MentionedFile): readonly unknown[] =>
  folder === undefined && expiresAt === undefined
    ? []
    : [[folder?.files ?? null, folder?.bytes ?? null, expiresAt ?? null]]

type AboutFile = Pick<MentionedFile, 'audience' | 'folder' | 'expiresAt'>

const aboutAt = (tuple: readonly unknown[], audience: number, more = audience + 1): AboutFile => {
  const about = audienceAt(tuple, audience)
  const told = tuple[more]
  if (told === undefined || told === null) return about
  if (!Array.isArray(told)) throw new BadEntries(`field ${more} of an entry says nothing of a file`)
  return {
    ...about,
    ...(told[0] === null ? {} : { folder: { files: numberAt(told, 0), bytes: numberAt(told, 1) } }),
    ...(told[2] === null ? {} : { expiresAt: numberAt(told, 2) }),
  }
}

const mentionedAt = (tuple: readonly unknown[], index: number): MentionedFile => {
  const file = { id: textAt(tuple, index), name: textAt(tuple, index + 1) }
  return tuple[index + 2] === null ? file : { ...file, size: numberAt(tuple, index + 2) }
}

const wholeAt = (tuple: readonly unknown[], index: number): WholeFile => ({
  id: textAt(tuple, index),
  name: textAt(tuple, index + 1),
  size: numberAt(tuple, index + 2),
  sha256: textAt(tuple, index + 3),
})
