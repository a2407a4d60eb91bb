/** A member of a room. `id` is unique for each joining; `name` is the nick, or a guest's address, which several may share. */
export interface Member {
  readonly id: string
  readonly name: string
  /** Left out for a member like all others. */
  readonly role?: Role
  /** May speak where only operators do; left out for a member like all others. */
  readonly voice?: true
  /** Why this member is away; left out where they are not. */
  readonly away?: string
}

/** An operator of the room: its owner, or an op, made one by the owner or another op. */
export type Role = 'owner' | 'op'

/** The author as it is kept: the member's state of today is no part of the message. */
export const authorOf = (member: Member): Member =>
  member.role === undefined && member.away === undefined && member.voice === undefined
    ? member
    : { id: member.id, name: member.name }

/**
 * The readers of an entry that is not for everybody: its sender, and one person or the operators of the room (`staff`). Rights
 * are judged anew at each reading: a new operator sees earlier submissions, and a former one sees them no more.
 */
export interface Audience {
  readonly from: Member
  readonly to: Member | 'staff'
}

/** A folder that is sent as one file, a tar: how many files are in it, and their bytes together. In an offer as the sender promised them. */
export interface Folder {
  readonly files: number
  readonly bytes: number
}

/** A file that is spoken of. `size` in bytes, where it is known. */
export interface MentionedFile {
  readonly id: string
  readonly name: string
  readonly size?: number
  /** Left out for a single file. */
  readonly folder?: Folder
  /** When it goes by itself, in milliseconds since 1970; left out where only the host's limits say. */
  readonly expiresAt?: number
  /** The readers of the file and of all events about it; left out where everybody may see it. */
  readonly audience?: Audience
}

/** A file that is on its way: size and digest (64 hexadecimal digits) as the sender promised them, where it did. */
export interface OfferedFile extends MentionedFile {
  readonly sha256?: string
}

/** A file that is whole. `size` in bytes, `sha256` as 64 hexadecimal digits. */
export interface WholeFile extends MentionedFile {
  readonly size: number
  readonly sha256: string
}

interface Journaled {
  /** Dense and rising within the room, from 1. */
  readonly seq: number
  /** Milliseconds since 1970, by the host's clock; for people to read, never to order by. */
  readonly at: number
  readonly by: Member
}

/** A message to the room. */
export interface Said extends Journaled {
  readonly type: 'said'
  readonly text: string
  /** A program's announcement: no program answers it. */
  readonly notice?: true
}
/** An action of a member. */
export interface Acted extends Journaled {
  readonly type: 'acted'
  readonly text: string
}
/** Only `by` and `to` may see it. */
export interface Whispered extends Journaled {
  readonly type: 'whispered'
  readonly to: Member
  readonly text: string
  readonly notice?: true
}
/** An empty one: there is none any more. */
export interface TopicSet extends Journaled {
  readonly type: 'topicSet'
  readonly topic: string
}
/** An upload has begun. */
export interface FileOffered extends Journaled {
  readonly type: 'fileOffered'
  readonly file: OfferedFile
  /**
   * The person who may continue the upload, where that is not `by`: an opaque identifier of the server's. Offers from before there
   * were owners have none, and only their senders can continue them.
   */
  readonly owner?: string
  /** The host that its bytes come in at, where several share their files. */
  readonly home?: string
}
/** A file is whole, durable and verified. */
export interface FileCompleted extends Journaled {
  readonly type: 'fileCompleted'
  readonly file: WholeFile
  /** Who may take it away beside `by`, as in `FileOffered`. */
  readonly owner?: string
}
/** A file, or an upload, is gone: removed, expired, evicted or given up. */
export interface FileWithdrawn extends Journaled {
  readonly type: 'fileWithdrawn'
  readonly file: MentionedFile
  readonly reason: string
  /** Left out where nobody did: it did not arrive, or had no place any more. */
  readonly removedBy?: Member
}
/** `by` has the file whole, and has verified its digest. */
export interface FileReceived extends Journaled {
  readonly type: 'fileReceived'
  readonly file: MentionedFile
}

/** The host has served the last byte of the file to `by`: they have it, as far as a host can tell. Nobody has verified anything. */
export interface FileServed extends Journaled {
  readonly type: 'fileServed'
  readonly file: MentionedFile
}

/** The message with the sequence `target` was removed by `by`. */
export interface MessageRemoved extends Journaled {
  readonly type: 'messageRemoved'
  readonly target: number
  /** The readers of the removed message, where it was not for everybody. */
  readonly audience?: Audience
}
/** All messages up to the sequence `upTo` were removed by `by`. */
export interface Cleared extends Journaled {
  readonly type: 'cleared'
  readonly upTo: number
}
/** Stands in the place of a removed message: its sequence and time, and the remover. */
export interface Erased extends Journaled {
  readonly type: 'erased'
  readonly audience?: Audience
  /** By what the message is known again, for the host alone: see `traceOf`. */
  readonly trace?: string
}

/** From now on `to` is an op, each time the same `person` comes in. */
export interface Opped extends Journaled {
  readonly type: 'opped'
  readonly to: Member
  readonly person: string
}
/** A member is no moderator any more. */
export interface Deopped extends Journaled {
  readonly type: 'deopped'
  readonly name: string
  readonly person: string
  readonly persons?: Persons
}
/**
 * The persons for whom a rule holds, for the host alone: readers get no such field (`publicFacts`). Entries of versions
 * without persons have none: their rules hold for names and addresses.
 */
export type Persons = readonly string[]

/** These persons, and members with the name, a name that looks like it, or the address, can only read. */
export interface Muted extends Journaled {
  readonly type: 'muted'
  readonly name: string
  readonly reason?: string
  readonly persons?: Persons
}
export interface Unmuted extends Journaled {
  readonly type: 'unmuted'
  readonly name: string
}
/** As `muted`, but the person is also kept out, and removed if present. */
export interface Banned extends Journaled {
  readonly type: 'banned'
  readonly name: string
  readonly reason?: string
  readonly persons?: Persons
}
export interface Unbanned extends Journaled {
  readonly type: 'unbanned'
  readonly name: string
}
/** Nobody new comes in. */
export interface Locked extends Journaled {
  readonly type: 'locked'
  /** The persons inside at that time: they may come back. */
  readonly persons?: Persons
}
/** Sent out of a room that is locked: this person is none of those inside any more. For the host alone. */
export interface ShutOut extends Journaled {
  readonly type: 'shutOut'
  readonly person: string
}
export interface Unlocked extends Journaled {
  readonly type: 'unlocked'
}
/** From now on, only the sender and operators of the room see a member's files and messages. */
export interface CollectionStarted extends Journaled {
  readonly type: 'collectionStarted'
}
/** Files of members are for everybody again. */
export interface CollectionEnded extends Journaled {
  readonly type: 'collectionEnded'
}
/** Slow mode: members other than operators may send one message in so many seconds from now on; 0: no limit. */
export interface SlowModeSet extends Journaled {
  readonly type: 'slowModeSet'
  readonly seconds: number
}
/** The room's files go so many seconds after they came, from now on; 0: they stay. */
export interface ExpirySet extends Journaled {
  readonly type: 'expirySet'
  readonly seconds: number
}
/** The change and its author; the password itself is in the secret store only, in no journal and no bundle. */
export interface PasswordSet extends Journaled {
  readonly type: 'passwordSet'
}
/** The room has no password any more. */
export interface PasswordRemoved extends Journaled {
  readonly type: 'passwordRemoved'
}
export type SecondsSet = SlowModeSet | ExpirySet
/** Nobody new comes in, or everybody may again. `persons`: those who are inside, and may come back, as in `Locked`. */
export interface InviteOnlySet extends Journaled {
  readonly type: 'inviteOnlySet'
  readonly on: boolean
  readonly persons?: Persons
}
/** Only operators set the topic, or everybody may again. */
export interface TopicLockSet extends Journaled {
  readonly type: 'topicLockSet'
  readonly on: boolean
}
/** Only operators, and members with a voice, speak, or everybody may again. */
export interface ModeratorsSpeakSet extends Journaled {
  readonly type: 'moderatorsSpeakSet'
  readonly on: boolean
}
/** The room is in no list of rooms but its members', or is listed again. */
export interface UnlistedSet extends Journaled {
  readonly type: 'unlistedSet'
  readonly on: boolean
}
/** A rule that holds or not was turned on or off. */
export type SwitchSet = InviteOnlySet | TopicLockSet | ModeratorsSpeakSet | UnlistedSet
/** At most so many members; 0: as many as like. */
export interface MostMembersSet extends Journaled {
  readonly type: 'mostMembersSet'
  readonly most: number
}
/** From now on `to` may speak where only operators do, each time the same `person` comes in. */
export interface Voiced extends Journaled {
  readonly type: 'voiced'
  readonly to: Member
  readonly person: string
}
/** The person has no voice any more. */
export interface Unvoiced extends Journaled {
  readonly type: 'unvoiced'
  readonly name: string
  readonly person: string
}
/** Events that change a value of the room's rules (`RoomRules`). */
export type RuleChange =
  | TopicSet
  | Locked
  | Unlocked
  | CollectionStarted
  | CollectionEnded
  | SecondsSet
  | SwitchSet
  | MostMembersSet
/** An entry that changes a rule of the room, or the standing of a person. */
export type Rule =
  | Opped
  | Deopped
  | Voiced
  | Unvoiced
  | Muted
  | Unmuted
  | Banned
  | Unbanned
  | ShutOut
  | Exclude<RuleChange, TopicSet>

/** The events that the journal keeps. */
export type Entry =
  | Said
  | Acted
  | Whispered
  | TopicSet
  | FileOffered
  | FileCompleted
  | FileWithdrawn
  | FileReceived
  | FileServed
  | MessageRemoved
  | Cleared
  | Erased
  | PasswordSet
  | PasswordRemoved
  | Rule

/** A member has come in. */
export interface Joined {
  readonly type: 'joined'
  readonly by: Member
}
/** A member has gone. */
export interface Left {
  readonly type: 'left'
  readonly by: Member
  readonly reason: string
  /** What they said on leaving. */
  readonly message?: string
  /** They left the host, not only this room. */
  readonly quit?: true
  /** The operator who kicked them; left out where they left by themselves. */
  readonly kickedBy?: Member
}
/** A member has another name. */
export interface Renamed {
  readonly type: 'renamed'
  readonly by: Member
  readonly from: string
}
/** Entries from `from` to `to` are past the room's history, or were damaged in the journal: this reader will not get them. */
export interface Missed {
  readonly type: 'missed'
  readonly from: number
  readonly to: number
}

/** A member is away. */
export interface Away {
  readonly type: 'away'
  readonly by: Member
  /** Empty where they did not say. */
  readonly reason: string
}
/** A member is back. */
export interface Back {
  readonly type: 'back'
  readonly by: Member
}
/** To be shown for `forMs`, or until they say something. `at` is in milliseconds since 1970. */
export interface Typing {
  readonly type: 'typing'
  readonly by: Member
  readonly at: number
  readonly forMs: number
}
/** So many `bytes` of a file that takes a while have come. */
export interface FileProgressed {
  readonly type: 'fileProgressed'
  readonly by: Member
  readonly file: MentionedFile
  readonly bytes: number
}

/** The room's files have `used` of the `quota` bytes that it may keep: soon the oldest go for newer ones. */
export interface FileSpaceLow {
  readonly type: 'fileSpaceLow'
  readonly used: number
  readonly quota: number
}

/** So many files have been kept long enough within a day: the host's limit or the room's rule lets them go. */
export interface FilesExpiring {
  readonly type: 'filesExpiring'
  readonly files: number
}

/** What the host says to a room; nobody of it does. */
export type HostNotice = FileSpaceLow | FilesExpiring

export const isHostNotice = (event: RoomEvent): event is HostNotice =>
  event.type === 'fileSpaceLow' || event.type === 'filesExpiring'

/** Live only: it has no sequence number and no history. */
export type Presence = Joined | Left | Renamed | Away | Back | Typing | FileProgressed | HostNotice

/** Everything that a member of a room is told. */
export type RoomEvent = Entry | Presence | Missed

/** History: entries, and the gaps where entries are missing. */
export type PastEvent = Entry | Missed

export const isEntry = (event: RoomEvent): event is Entry => 'seq' in event

/** The sequence that a reader has come to with it. */
export const lastSeqOf = (event: PastEvent): number => (isEntry(event) ? event.seq : event.to)

/** The events with sequences from `from` to `to`. */
export const within = (events: readonly PastEvent[], from: number, to: number): readonly PastEvent[] =>
  events.flatMap((event): readonly PastEvent[] => {
    if (isEntry(event)) return event.seq < from || event.seq > to ? [] : [event]
    if (event.to < from || event.from > to) return []
    return [{ ...event, from: Math.max(from, event.from), to: Math.min(to, event.to) }]
  })

const RULES: Readonly<Record<Rule['type'], true>> & { readonly [Other in RoomEvent['type']]?: true } = {
  opped: true,
  deopped: true,
  muted: true,
  unmuted: true,
  banned: true,
  unbanned: true,
  locked: true,
  shutOut: true,
  unlocked: true,
  collectionStarted: true,
  collectionEnded: true,
  slowModeSet: true,
  expirySet: true,
  inviteOnlySet: true,
  topicLockSet: true,
  moderatorsSpeakSet: true,
  unlistedSet: true,
  mostMembersSet: true,
  voiced: true,
  unvoiced: true,
}

/** Whether it lays down a rule for later joins and messages. */
export const isRule = (event: RoomEvent): event is Rule => RULES[event.type] === true

/** Messages of people: they are searched, carried to other hosts, and may be removed. */
export type Message = Said | Acted | Whispered

export const isMessage = (event: RoomEvent): event is Message =>
  event.type === 'said' || event.type === 'acted' || event.type === 'whispered'

/** About as much as an entry takes without the text that somebody wrote in it. */
const BARE = 200

export const historyChars = (entry: PastEvent): number =>
  BARE + ('text' in entry ? entry.text.length : 'topic' in entry ? entry.topic.length : 0)

/** The newest entries within `chars` characters together: a request whose answer is never read must cost no more (C61). */
export function newestWithin(entries: readonly PastEvent[], chars: number): readonly PastEvent[] {
  let left = chars
  const tooMuch = entries.findLastIndex((entry) => {
    left -= historyChars(entry)
    return left < 0
  })
  return entries.slice(tooMuch + 1)
}
