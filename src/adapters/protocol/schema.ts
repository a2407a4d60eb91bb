import * as v from 'valibot'
import { CODES, type Code } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { Member, Role, RoomEvent } from '#domain/room/events.ts'
import type { RoomFacts } from '#domain/room/rules.ts'

/**
 * Every command, event, message and HTTP body, once: the checks of hosts, programs and pages, the types that the domain does not own,
 * and the OpenAPI document come from here. Maps that clients send are strict. In those that hosts send, unknown keys are left
 * out: a newer host may send more. Error texts quote nothing of the input.
 */

type Entries = Readonly<Record<string, v.GenericSchema>>
type Rows = Readonly<Record<string, Entries>>
type WithType<Type extends string, Row> = { readonly type: v.LiteralSchema<Type, undefined> } & Row

const isUnknownKey = ({ type, expected }: v.BaseIssue<unknown>) => type === 'strict_object' && expected === 'never'
const mapFault = (issue: v.BaseIssue<unknown>): string =>
  issue.received === 'undefined' ? 'is missing' : 'must be a map'

/** Sent by a host, or kept by a program. */
/* @__NO_SIDE_EFFECTS__ */
export const map = <const Row extends Entries>(row: Row) => v.object(row, mapFault)

/** Maps by the `type` that each has. */
/* @__NO_SIDE_EFFECTS__ */
const strictMaps = <const Table extends Rows>(rows: Table) =>
  maps(rows, (entries) => v.strictObject(entries, mapFault)) as {
    readonly [Type in keyof Table & string]: v.StrictObjectSchema<WithType<Type, Table[Type]>, undefined>
  }
/* @__NO_SIDE_EFFECTS__ */
const openMaps = <const Table extends Rows>(rows: Table) =>
  maps(rows, map) as {
    readonly [Type in keyof Table & string]: v.ObjectSchema<WithType<Type, Table[Type]>, undefined>
  }
/* @__NO_SIDE_EFFECTS__ */
const maps = (rows: Rows, make: (entries: Entries) => v.GenericSchema): object =>
  Object.fromEntries(Object.entries(rows).map(([type, row]) => [type, make({ type: v.literal(type), ...row })]))

type Maps = Readonly<Record<string, v.GenericSchema>>

/** One of these maps, looked up by its `type`: `v.variant` would try them all, one after the other. */
/* @__NO_SIDE_EFFECTS__ */
export const oneOf = <const Table extends Maps>(table: Table, other: v.GenericSchema = unknownKind) => {
  const kinds = new Map<unknown, v.GenericSchema>(Object.entries(table))
  const find = (value: unknown) => (kinds.get(typeOf(value)) ?? other) as Table[keyof Table]
  return { ...v.lazy(find), options: Object.values(table) }
}
const unknownKind = v.never('is of a kind that is not known here')

export const typeOf = (value: unknown): unknown => (value as { readonly type?: unknown } | null | undefined)?.type

export const text = v.string('must be a text')
const flag = v.boolean('must be true or false')
/* @__NO_SIDE_EFFECTS__ */
const shaped = (shape: RegExp) => v.pipe(text, v.regex(shape, 'is not written as it must be'))

/** A whole number from 0 to 2^53-1, and no -0 (C105). */
const isCount = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
export const count = v.custom<number>(isCount, 'must be a whole number, 0 or more')
const countAs = (about: string) => v.pipe(count, v.description(about))
/* @__NO_SIDE_EFFECTS__ */
const timeAs = (what: string) => countAs(`${what}, in milliseconds since 1970.`)
export const sequence = /* @__PURE__ */ countAs('Dense and rising within a room, from 1.')

// Members

/** A role that only a newer host has is none. */
const isRole = (role: string): role is Role => role === 'owner' || role === 'op'
export const member = v.pipe(
  map({
    id: text,
    name: text,
    role: v.exactOptional(text),
    voice: v.exactOptional(v.literal(true, 'must be true')),
    away: v.exactOptional(text),
  }),
  v.transform((member): Member => {
    if (member.role === undefined || isRole(member.role)) return member as Member
    const { role: _, ...rest } = member
    return rest
  }),
)

// Commands

/** The client's own id for its command (C118). */
const commandId = shaped(/^[\x21-\x7e]{1,64}$/)
const id = v.exactOptional(commandId)
const reason = v.exactOptional(text)
const isSet = v.exactOptional(v.literal(true, 'must be true'))

const isOn = { on: flag }

/** The commands of a member to its room, by name. */
const commands = strictMaps({
  say: { text, id, notice: isSet },
  act: { text, id },
  whisper: { to: text, member: v.exactOptional(text), text, id, notice: isSet },
  setTopic: { topic: text, id },
  rename: { name: text },
  receiveFile: { file: text },
  removeMessage: { seq: count },
  removeFile: { file: text },
  clear: {},
  kick: { name: text, member: v.exactOptional(text), reason },
  mute: { name: text, reason },
  unmute: { name: text },
  ban: { name: text, reason },
  unban: { name: text },
  op: { name: text },
  deop: { name: text },
  lock: {},
  unlock: {},
  startCollection: {},
  endCollection: {},
  setSlowMode: { seconds: count },
  setExpiry: { seconds: count },
  voice: { name: text },
  unvoice: { name: text },
  setInviteOnly: isOn,
  setTopicLock: isOn,
  setModeratorsSpeak: isOn,
  setUnlisted: isOn,
  setMostMembers: { most: count },
  away: { reason },
  back: {},
  typing: {},
})
export const COMMANDS: readonly string[] = /* @__PURE__ */ Object.keys(commands)
/** A `join` may carry an id of the client, and takes the place of the connection that has it. */
export const RECONNECTS = 'join.client'
/** A `leave` may carry what the member says to it. */
export const FAREWELLS = 'leave.message'
/** Fields that commands have had since: a host that does not name one refuses it. */
const LATER = ['say.notice', 'whisper.notice', 'whisper.member', 'kick.member']
export const CAPABILITIES: readonly string[] = /* @__PURE__ */ [...COMMANDS, RECONNECTS, FAREWELLS, ...LATER]
export const command = oneOf(commands) satisfies v.GenericSchema<unknown, ClientCommand>

// Events

/** Data like a name: a host may send anything, and this becomes part of paths and of terminal output (C38, C57). */
export const FILE_ID = /^[\w-]{1,64}$/
const fileId = shaped(FILE_ID)
export const sha256 = shaped(/^[0-9a-f]{64}$/)

/** Whom a file is for: one member, or any word for the operators. */
const operators = v.pipe(
  text,
  v.transform(() => 'staff' as const),
  v.literal('staff'),
)
const findAddressee = (to: unknown): typeof member | typeof operators => (typeof to === 'string' ? operators : member)
const addressee = { ...v.lazy(findAddressee), options: [member, operators] }
export const audience = map({ from: member, to: addressee })
const folder = map({
  files: countAs('Files in the folder that this file is a tar of.'),
  bytes: countAs('Their bytes together.'),
})

/** The fields of a file beside its name, size and digest. */
const aboutFile = {
  audience: v.exactOptional(audience),
  folder: v.exactOptional(folder),
  expiresAt: v.exactOptional(timeAs('When it goes by itself')),
}

/** `more`: the fields of a file that only one of the two ways has. */
/* @__NO_SIDE_EFFECTS__ */
const eventMaps = <const More extends Entries>(more: More) => {
  const ofFile = { ...more, ...aboutFile }
  const file = map({ id: fileId, name: text, size: v.exactOptional(count), sha256: v.exactOptional(sha256), ...ofFile })
  const whole = map({ id: fileId, name: text, size: count, sha256, ...ofFile })
  const by = { by: member }
  const entry = { seq: count, at: count, by: member }
  return openMaps({
    said: { ...entry, text, notice: isSet },
    acted: { ...entry, text },
    whispered: { ...entry, to: member, text, notice: isSet },
    topicSet: { ...entry, topic: text },
    fileOffered: { ...entry, file },
    fileCompleted: { ...entry, file: whole },
    fileWithdrawn: { ...entry, file, reason: text, removedBy: v.exactOptional(member) },
    fileReceived: { ...entry, file },
    fileServed: { ...entry, file },
    messageRemoved: { ...entry, target: sequence, audience: v.exactOptional(audience) },
    cleared: { ...entry, upTo: sequence },
    erased: { ...entry, audience: v.exactOptional(audience) },
    opped: { ...entry, to: member, person: text },
    deopped: { ...entry, name: text, person: text },
    muted: { ...entry, name: text, reason },
    unmuted: { ...entry, name: text },
    banned: { ...entry, name: text, reason },
    unbanned: { ...entry, name: text },
    locked: entry,
    unlocked: entry,
    collectionStarted: entry,
    collectionEnded: entry,
    slowModeSet: { ...entry, seconds: count },
    expirySet: { ...entry, seconds: count },
    inviteOnlySet: { ...entry, ...isOn },
    topicLockSet: { ...entry, ...isOn },
    moderatorsSpeakSet: { ...entry, ...isOn },
    unlistedSet: { ...entry, ...isOn },
    mostMembersSet: { ...entry, most: count },
    voiced: { ...entry, to: member, person: text },
    unvoiced: { ...entry, name: text, person: text },
    passwordSet: entry,
    passwordRemoved: entry,
    joined: by,
    left: { ...by, reason: text, message: reason, quit: isSet, kickedBy: v.exactOptional(member) },
    renamed: { ...by, from: text },
    away: { ...by, reason: text },
    back: by,
    typing: { ...by, at: count, forMs: count },
    fileProgressed: { ...by, file, bytes: count },
    fileSpaceLow: { used: count, quota: count },
    filesExpiring: { files: count },
    missed: { from: count, to: count },
  })
}
/** Events of these kinds, without those that only a newer host has. */
/* @__NO_SIDE_EFFECTS__ */
const eventsOf = <const Table extends Maps>(table: Table) =>
  v.pipe(
    v.array(oneOf(table, newerKind), 'must be a list'),
    v.transform((list) => (list.includes(undefined) ? list.filter((each) => each !== undefined) : list)),
  )
const newerKind = v.pipe(
  v.object({ type: text }),
  v.transform(() => undefined),
)

/** As sessions tell them: all but `shutOut`, which is for the host alone. */
export const eventKinds = eventMaps({})
export const events: v.GenericSchema<unknown, RoomEvent[]> = eventsOf(eventKinds)

// Rooms

/* @__NO_SIDE_EFFECTS__ */
const flagAs = (about: string) => v.exactOptional(v.pipe(flag, v.description(`${about}; left out where not.`)))

/** The rules of a room; left out where they do not hold. */
const facts = {
  topic: text,
  inviteOnly: flagAs('Nobody new comes in'),
  topicLocked: flagAs('Only moderators set the topic'),
  moderatorsSpeak: flagAs('Only moderators and members with a voice speak'),
  unlisted: flagAs("In no list of rooms but its members'"),
  mostMembers: v.exactOptional(countAs('At most so many members; left out where there is no limit.')),
  collectingSince: v.exactOptional(timeAs('Since when what members send is for the moderators')),
  slowSeconds: v.exactOptional(
    countAs('Members who are no moderators may send one message in so many seconds; left out without slow mode.'),
  ),
  expirySeconds: v.exactOptional(countAs('Files go so many seconds after they came; left out where they stay.')),
  hasPassword: flagAs('Needed to join'),
} satisfies Readonly<Record<keyof RoomFacts, v.GenericSchema>>
/** Both halves of a lock: all that clients and hosts of before know of it. */
const locked = flagAs('Nobody new comes in, and only moderators set the topic')
const toldFacts = { ...facts, locked }
type FactFields = v.InferOutput<v.ObjectSchema<typeof toldFacts, undefined>>

/** In the order of `RoomFacts`, as fields of a message or a body. */
export function factFields({ topic, ...rules }: RoomFacts): FactFields {
  const locked = rules.inviteOnly && rules.topicLocked
  const holding = Object.entries({ ...rules, locked }).filter(
    ([, value]) => value !== undefined && value !== 0 && value !== false,
  )
  return { topic, ...Object.fromEntries(holding) }
}

export function factsIn({
  topic,
  locked = false,
  inviteOnly = locked,
  topicLocked = locked,
  moderatorsSpeak = false,
  unlisted = false,
  mostMembers = 0,
  collectingSince,
  slowSeconds = 0,
  expirySeconds = 0,
  hasPassword = false,
}: FactFields): RoomFacts {
  const lists = { inviteOnly, topicLocked, moderatorsSpeak, unlisted, mostMembers }
  return { topic, ...lists, collectingSince, slowSeconds, expirySeconds, hasPassword }
}

// Messages of the Session protocol (docs/reference/session-protocol.md)

export const clientMessages = strictMaps({
  hello: {
    version: count,
    /** The client made it up at random. */
    key: shaped(/^[0-9a-f]{32}$/),
    name: v.exactOptional(text),
    token: v.exactOptional(shaped(/^[\x21-\x7e]{1,256}$/)),
  },
  join: {
    room: text,
    /** The room's password, or an invitation. */
    password: v.exactOptional(text),
    /** The last sequence that the client has; left out: only live events. */
    after: v.exactOptional(count),
    /** The client's own id of itself, the same when it reconnects: only to hosts with `RECONNECTS` among their capabilities. */
    client: v.exactOptional(commandId),
  },
  /** With `ref`, it is answered. */
  command: { ref: v.exactOptional(count), command },
  ping: { ref: count },
  /** With a message only to hosts with `FAREWELLS` among their capabilities. */
  leave: { message: reason },
})

/** A code that only a newer host has says no more than that there is no point in asking again. */
const code = v.pipe(
  text,
  v.transform((given): Code => CODES.find((known) => known === given) ?? 'BAD_REQUEST'),
)

const ownMute = map({ reason })

export const hostMessages = openMaps({
  welcome: {
    version: count,
    capabilities: v.pipe(
      v.array(v.unknown(), 'must be a list'),
      v.transform((list) => list.filter((each) => typeof each === 'string')),
    ),
    /** The program, as in `tamtam/0.1.0`. */
    host: text,
  },
  joined: {
    room: text,
    member,
    /** In a large room only a part of them. */
    members: v.array(member, 'must be a list'),
    /** How many are there. */
    count,
    ...toldFacts,
    /** Sequence of the room's newest entry. */
    last: count,
    /** The member can only read. */
    muted: v.exactOptional(ownMute),
  },
  /** It can only read from now on, or may speak again. */
  self: { muted: v.exactOptional(ownMute) },
  batch: { events },
  ack: { ref: count, seq: count, duplicate: flag },
  /** Without `ref` the hello, the join, or a command without one is refused. */
  rejected: { ref: v.exactOptional(count), code, message: text, retrySeconds: v.exactOptional(count) },
  pong: { ref: count },
  /** The host ends the connection. */
  bye: { code, message: text },
})

type Fixed<T> = T extends readonly (infer Each)[]
  ? readonly Fixed<Each>[]
  : T extends object
    ? { readonly [Key in keyof T]: Fixed<T[Key]> }
    : T
type OneOf<Table extends Readonly<Record<string, v.GenericSchema>>> = {
  readonly [Type in keyof Table]: Fixed<v.InferOutput<Table[Type]>>
}
export type ClientMessages = OneOf<typeof clientMessages>
export type HostMessages = OneOf<typeof hostMessages>

// HTTP (docs/reference/http.md)

/* @__NO_SIDE_EFFECTS__ */
const list = <Each extends v.GenericSchema>(each: Each) => v.array(each, 'must be a list')
const path = v.pipe(text, v.description('A path on this host.'))

/** With the address of the file that they speak of. */
export const eventKindsOverHttp = eventMaps({ url: path })
export const eventsOverHttp = eventsOf(eventKindsOverHttp)

/** The body of a posted message. */
export const message = v.strictObject(
  { text, type: v.optional(v.picklist(['say', 'act', 'notice'], 'must be say, act or notice'), 'say') },
  mapFault,
)
/** `Idempotency-Key`. */
export const messageKey = v.pipe(
  text,
  v.regex(/^[!-~]{1,128}$/, 'Idempotency-Key must be 1 to 128 visible ASCII characters'),
  v.description('Makes sending it again harmless; another text with it is ID_REUSED.'),
)
export const password = v.strictObject({ password: v.pipe(text, v.description('At most 256 bytes.')) }, mapFault)
export const receipt = v.strictObject(
  { sha256: v.pipe(text, v.regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits'), v.toLowerCase()) },
  mapFault,
)

/** The limit of bytes that was met. A newer host may have others. */
const limit = map({
  of: v.pipe(text, v.description('file, room, host, disk or memory.')),
  bytes: countAs('Its size; of a disk, what files leave free. 0 where nobody knows.'),
  shareOf: v.exactOptional(v.pipe(text, v.description('person or address: they have had their share of it.'))),
})

/** Why not: the body of every answer that is neither a success nor a redirection. */
export const refusal = map({ code: text, message: text, limit: v.exactOptional(limit) })
/** As a host tells it. */
export type ToldLimit = v.InferOutput<typeof limit>

export const posted = map({ seq: sequence, duplicate: flag })

const roomRow = map({ name: text, members: count, last: sequence, unlisted: facts.unlisted })
export const roomList = map({ rooms: list(roomRow) })
export type RoomRow = v.InferOutput<typeof roomRow>

export const roomFacts = map({
  name: text,
  last: sequence,
  members: list(text),
  ...toldFacts,
})
export type RoomDetails = v.InferOutput<typeof roomFacts>

export const eventPage = map({ room: text, events: eventsOverHttp, last: sequence })
export const searched = map({ events: eventsOverHttp })

export const invitation = map({
  room: text,
  id: v.pipe(text, v.description('By which it is taken back.')),
  code: v.pipe(text, v.description('Shown as the token of a hello, or as the password of a join.')),
  expiresAt: timeAs('Until when it can be used'),
})
export type Invitation = v.InferOutput<typeof invitation>

const keptInvitation = map({
  id: text,
  expiresAt: timeAs('Until when it can be used'),
  used: v.pipe(flag, v.description("It is somebody's now, and lets them back in.")),
})
export const invitations = map({ invitations: list(keptInvitation) })
export type KeptInvitation = v.InferOutput<typeof keptInvitation>

/** How long a drop link is to be valid. */
export const dropLinkWish = v.strictObject(
  { expiresInSeconds: v.exactOptional(v.pipe(count, v.minValue(1, 'must be 1 or more'))) },
  mapFault,
)
export const dropFacts = map({ expiresAt: timeAs('Until when files can be dropped') })
export const dropLink = map({
  id: v.pipe(text, v.description('By which it is taken back.')),
  path: v.pipe(path, v.description('The address of a page; files come in by PUT below it.')),
  ...dropFacts.entries,
})
export const dropLinks = map({ dropLinks: list(dropLink) })

/** A whole file, for its sender. */
export const sentFile = map({
  ...{ id: fileId, name: text, size: count, sha256, url: path },
  ...aboutFile,
})

const given = map({ name: text, at: timeAs('When') })
export const fileRow = map({
  id: fileId,
  name: text,
  by: text,
  byId: v.pipe(text, v.description('The id of the member who sent it.')),
  at: timeAs('When it was offered, or was whole'),
  status: v.picklist(['whole', 'arriving', 'paused']),
  size: v.exactOptional(count),
  sha256: v.exactOptional(sha256),
  offset: v.exactOptional(countAs('Of one that is not whole: bytes that would survive a crash.')),
  url: path,
  ...aboutFile,
  verified: countAs('How many have it whole and said so.'),
  receipts: v.exactOptional(v.pipe(list(given), v.description('Of a whole file: who said so, and when.'))),
  served: v.exactOptional(
    v.pipe(list(given), v.description('Of a whole file: to whom this host has served its last byte, and when.')),
  ),
  has: v.exactOptional(countAs('Of a whole file: how many have it, of the members here but its sender.')),
  of: v.exactOptional(countAs('How many members are here, but its sender, and may see it.')),
})
export const fileList = map({ files: list(fileRow) })
/** A file in a room's list. One that is not whole has `offset`, and size and digest only where its sender told them. */
export type FileRow = v.InferOutput<typeof fileRow>

const folderMember = map({
  path: v.pipe(text, v.description('Relative to the folder; that of a folder ends with a slash.')),
  modified: timeAs('When it was last changed'),
  size: v.exactOptional(count),
  sha256: v.exactOptional(v.pipe(sha256, v.description('As its sender counted it; this host has not.'))),
  executable: v.exactOptional(flag),
  link: v.exactOptional(
    v.pipe(text, v.description('Of a symbolic link: where it leads, from the folder that it is in.')),
  ),
  url: v.exactOptional(v.pipe(path, v.description('Of a file.'))),
})
export const folderListing = map({
  name: text,
  files: count,
  bytes: count,
  members: v.pipe(list(folderMember), v.description('In the order of the archive.')),
})
export type FolderListing = v.InferOutput<typeof folderListing>

const handIn = map({
  name: text,
  id: v.exactOptional(v.pipe(text, v.description('Left out where nothing but the name tells who it is.'))),
  isHere: v.pipe(flag, v.description('In the room just now.')),
  files: v.pipe(list(fileRow), v.description('Oldest first; empty where nothing has come.')),
})
export const handIns = map({
  room: text,
  since: v.exactOptional(timeAs('Since when the room collects')),
  knownSince: timeAs('Since when it is known who was there and has left'),
  people: list(handIn),
})
/** Who has handed in what to a room, and who has not. */
export type HandInList = v.InferOutput<typeof handIns>

export const receipts = map({
  verified: list(given),
  waiting: v.pipe(
    list(text),
    v.description('The members here, but its sender, who may see it and have not verified it.'),
  ),
  has: v.exactOptional(
    v.pipe(list(text), v.description('Those of the members here, but its sender, who have it: served or verified.')),
  ),
  served: v.exactOptional(v.pipe(list(given), v.description('To whom this host has served its last byte, and when.'))),
})
export type Receipts = v.InferOutput<typeof receipts>

export const signedLink = map({ url: path, expiresAt: timeAs('Until when it opens the file') })
export const health = map({ status: v.picklist(['ok', 'degraded']), message: v.exactOptional(text) })
export const unhealthy = map({ status: v.literal('degraded'), code: text, message: text })

// Checks

/** A value as `schema` wants it; undefined where it is not. */
export function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, value, { abortEarly: true })
  return result.success ? result.output : undefined
}

/** The fault of a value. Names no key that is not in the schema. */
export function faultIn([issue]: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  if (isUnknownKey(issue)) return 'it has a key that is not known here'
  return `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`
}
