/** A member of a room. `id` is unique for each join; `name` is the nick, or a guest's address, which several guests may share. */
export interface Member {
  readonly id: string
  readonly name: string
  /** Left out for an ordinary member. */
  readonly role?: Role
  /** May speak where only operators do; left out for an ordinary member. */
  readonly voice?: true
  /** The reason for being away; left out for a member who is not away. */
  readonly away?: string
}

/** An operator of the room: its owner, or an op, appointed by the owner or another op. */
export type Role = 'owner' | 'op'

/** The author as kept in the journal, without the member's state at the time. */
export const authorOf = (member: Member): Member =>
  member.role === undefined && member.away === undefined && member.voice === undefined
    ? member
    : { id: member.id, name: member.name }

/**
 * The readers of an entry that is not for everybody: its sender, and one person or the operators of the room (`staff`). The right to
 * read is checked at each reading: a new operator sees earlier hand-ins, and a former one no longer sees them.
 */
export interface Audience {
  readonly from: Member
  readonly to: Member | 'staff'
}

/** A folder sent as one file, a tar: the number of its files, and their bytes together. In an offer, as announced by the sender. */
export interface Folder {
  readonly files: number
  readonly bytes: number
}

/** A file as events mention it. `size` in bytes, if known. */
export interface MentionedFile {
  readonly id: string
  readonly name: string
  readonly size?: number
  /** Left out for a single file. */
  readonly folder?: Folder
  /** Its expiry time, in milliseconds since 1970; left out if only the host's limits apply. */
  readonly expiresAt?: number
  /** The readers of the file and of all events about it; left out if everybody may see it. */
  readonly audience?: Audience
}

/** An unfinished file: size and digest (64 hexadecimal digits) as the sender announced them, if at all. */
export interface OfferedFile extends MentionedFile {
  readonly sha256?: string
}

/** A complete file. `size` in bytes, `sha256` as 64 hexadecimal digits. */
export interface WholeFile extends MentionedFile {
  readonly size: number
  readonly sha256: string
}

interface Journaled {
  /** Dense and rising within the room, from 1. */
  readonly seq: number
  /** Milliseconds since 1970 by the host's clock. For people to read, not for ordering. */
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
/** A message that only `by` and `to` may see. */
export interface Whispered extends Journaled {
  readonly type: 'whispered'
  readonly to: Member
  readonly text: string
  readonly notice?: true
}
/** The room's topic was set; with an empty text, removed. */
export interface TopicSet extends Journaled {
  readonly type: 'topicSet'
  readonly topic: string
}
/** An upload has begun. */
export interface FileOffered extends Journaled {
  readonly type: 'fileOffered'
  readonly file: OfferedFile
  /**
   * The person who may continue the upload, if that is not `by`: an opaque identifier from the server. Offers of old versions have none,
   * so that only their senders can continue them.
   */
  readonly owner?: string
  /** In a cluster: the host that receives its bytes. */
  readonly home?: string
}
/** A file is complete: durable and verified. */
export interface FileCompleted extends Journaled {
  readonly type: 'fileCompleted'
  readonly file: WholeFile
  /** The person who may remove it besides `by`, as in `FileOffered`. */
  readonly owner?: string
}
/** A file or an upload is gone: removed, expired, evicted or given up. */
export interface FileWithdrawn extends Journaled {
  readonly type: 'fileWithdrawn'
  readonly file: MentionedFile
  readonly reason: string
  /** Left out if it was not a person: the file did not arrive, or its space was needed. */
  readonly removedBy?: Member
}
/** `by` has the complete file, with a verified digest. */
export interface FileReceived extends Journaled {
  readonly type: 'fileReceived'
  readonly file: MentionedFile
}

/** The host has served the file to `by` up to its last byte: they have it, as far as a host can tell. The digest is not verified. */
export interface FileServed extends Journaled {
  readonly type: 'fileServed'
  readonly file: MentionedFile
}

/** The message with the sequence `target` was removed by `by`. */
export interface MessageRemoved extends Journaled {
  readonly type: 'messageRemoved'
  readonly target: number
  /** The readers of the removed message; left out if it was for everybody. */
  readonly audience?: Audience
}
/** All messages up to the sequence `upTo` were removed by `by`. */
export interface Cleared extends Journaled {
  readonly type: 'cleared'
  readonly upTo: number
}
/** Stands in place of a removed message: its sequence and time, and the member who removed it. */
export interface Erased extends Journaled {
  readonly type: 'erased'
  readonly audience?: Audience
  /** Identifies the removed message, for the host alone: see `traceOf`. */
  readonly trace?: string
}

/** From now on `to` is an op, each time the same `person` enters. */
export interface Opped extends Journaled {
  readonly type: 'opped'
  readonly to: Member
  readonly person: string
}
/** The member is no operator any more. */
export interface Deopped extends Journaled {
  readonly type: 'deopped'
  readonly name: string
  readonly person: string
  readonly persons?: Persons
}
/**
 * The persons that a rule applies to, for the host alone: readers get no such field (`publicFacts`). Entries of old versions have none:
 * their rules apply to names and addresses.
 */
export type Persons = readonly string[]

/** These persons, and members with the name, a confusable name, or the address, can only read. */
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
/** Nobody new may enter. */
export interface Locked extends Journaled {
  readonly type: 'locked'
  /** The persons inside at that time, who may come back. */
  readonly persons?: Persons
}
/** A person put out of a locked room loses the right to come back. For the host alone. */
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
/** Members' files and messages are for everybody again. */
export interface CollectionEnded extends Journaled {
  readonly type: 'collectionEnded'
}
/** Slow mode: from now on, members other than operators may send one message in this many seconds; 0: no limit. */
export interface SlowModeSet extends Journaled {
  readonly type: 'slowModeSet'
  readonly seconds: number
}
/** From now on, the room's files expire this many seconds after their arrival; 0: they stay. */
export interface ExpirySet extends Journaled {
  readonly type: 'expirySet'
  readonly seconds: number
}
/** The room has a new password. The password itself is in the secret store only, not in the journal or a bundle. */
export interface PasswordSet extends Journaled {
  readonly type: 'passwordSet'
}
/** The room has no password any more. */
export interface PasswordRemoved extends Journaled {
  readonly type: 'passwordRemoved'
}
export type SecondsSet = SlowModeSet | ExpirySet
/** Nobody new may enter, or everybody may again. `persons`: those inside, who may come back, as in `Locked`. */
export interface InviteOnlySet extends Journaled {
  readonly type: 'inviteOnlySet'
  readonly on: boolean
  readonly persons?: Persons
}
/** Only operators may set the topic, or everybody may again. */
export interface TopicLockSet extends Journaled {
  readonly type: 'topicLockSet'
  readonly on: boolean
}
/** Only operators, and members with a voice, may speak, or everybody may again. */
export interface ModeratorsSpeakSet extends Journaled {
  readonly type: 'moderatorsSpeakSet'
  readonly on: boolean
}
/** Only members see the room in lists of rooms, or everybody does again. */
export interface UnlistedSet extends Journaled {
  readonly type: 'unlistedSet'
  readonly on: boolean
}
/** A rule was switched on or off. */
export type SwitchSet = InviteOnlySet | TopicLockSet | ModeratorsSpeakSet | UnlistedSet
/** The largest number of members; 0: no limit. */
export interface MostMembersSet extends Journaled {
  readonly type: 'mostMembersSet'
  readonly most: number
}
/** From now on `to` may speak where only operators may, each time the same `person` enters. */
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

/** A member has joined. */
export interface Joined {
  readonly type: 'joined'
  readonly by: Member
}
/** A member has left. */
export interface Left {
  readonly type: 'left'
  readonly by: Member
  readonly reason: string
  /** Their parting words. */
  readonly message?: string
  /** They left the host, not only this room. */
  readonly quit?: true
  /** The operator who kicked them; left out if they left by themselves. */
  readonly kickedBy?: Member
}
/** A member has another name. */
export interface Renamed {
  readonly type: 'renamed'
  readonly by: Member
  readonly from: string
}
/** Entries from `from` to `to` are trimmed from the room's history, or were damaged in the journal: this reader will not get them. */
export interface Missed {
  readonly type: 'missed'
  readonly from: number
  readonly to: number
}

/** A member is away. */
export interface Away {
  readonly type: 'away'
  readonly by: Member
  /** Empty if no reason was given. */
  readonly reason: string
}
/** A member is back. */
export interface Back {
  readonly type: 'back'
  readonly by: Member
}
/** To be shown for `forMs`, or until the member says something. `at` is in milliseconds since 1970. */
export interface Typing {
  readonly type: 'typing'
  readonly by: Member
  readonly at: number
  readonly forMs: number
}
/** Progress of a longer upload: `bytes` have arrived. */
export interface FileProgressed {
  readonly type: 'fileProgressed'
  readonly by: Member
  readonly file: MentionedFile
  readonly bytes: number
}

/** The room's files take `used` of its `quota` bytes: soon the oldest are removed for newer ones. */
export interface FileSpaceLow {
  readonly type: 'fileSpaceLow'
  readonly used: number
  readonly quota: number
}

/** This number of files expires within a day, by the host's limit or the room's rule. */
export interface FilesExpiring {
  readonly type: 'filesExpiring'
  readonly files: number
}

/** What the host says to a room, without a member as its author. */
export type HostNotice = FileSpaceLow | FilesExpiring

export const isHostNotice = (event: RoomEvent): event is HostNotice =>
  event.type === 'fileSpaceLow' || event.type === 'filesExpiring'

/** Live only: without a sequence number, and not in the history. */
export type Presence = Joined | Left | Renamed | Away | Back | Typing | FileProgressed | HostNotice

/** Everything that a member of a room is told. */
export type RoomEvent = Entry | Presence | Missed

/** History: entries, and the gaps where entries are missing. */
export type PastEvent = Entry | Missed

export const isEntry = (event: RoomEvent): event is Entry => 'seq' in event

/** The sequence that a reader has reached with it. */
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

/** Whether it sets a rule for later joins and messages. */
export const isRule = (event: RoomEvent): event is Rule => RULES[event.type] === true

/** Messages of people. They can be searched, carried to other hosts, and removed. */
export type Message = Said | Acted | Whispered

export const isMessage = (event: RoomEvent): event is Message =>
  event.type === 'said' || event.type === 'acted' || event.type === 'whispered'

/** Approximate size of an entry without its text. */
const BARE = 200

export const historyChars = (entry: PastEvent): number =>
  BARE + ('text' in entry ? entry.text.length : 'topic' in entry ? entry.topic.length : 0)

/** The newest entries with at most `chars` characters together: a request whose answer is never read must not cost more (C61). */
export function newestWithin(entries: readonly PastEvent[], chars: number): readonly PastEvent[] {
  let left = chars
  const tooMuch = entries.findLastIndex((entry) => {
    left -= historyChars(entry)
    return left < 0
  })
  return entries.slice(tooMuch + 1)
}
