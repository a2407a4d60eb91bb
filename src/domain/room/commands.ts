import type { Rejected } from '../errors.ts'
import type { Audience, Member, OfferedFile, Role, WholeFile } from './events.ts'

/** Sends a message to the room. The same `id` twice is one message: `ID_REUSED` if the text differs. */
export interface Say {
  readonly type: 'say'
  readonly text: string
  /** As in `Said`. */
  readonly notice?: true
  /** The client's own id for this message: sent twice, it is one message. */
  readonly id?: string
}
/** An action: `* ani puts the kettle on`. */
export interface Act {
  readonly type: 'act'
  readonly text: string
  readonly id?: string
}
/** A message to one member: `NO_SUCH_MEMBER` if no member, or more than one, has that name. */
export interface Whisper {
  readonly type: 'whisper'
  /** The addressee's name. */
  readonly to: string
  /** The addressee's member id, for a name that several members have. */
  readonly member?: string
  readonly text: string
  readonly notice?: true
  readonly id?: string
}
/** Sets the topic of the room; an empty one clears it. */
export interface SetTopic {
  readonly type: 'setTopic'
  readonly topic: string
  readonly id?: string
}
/** Changes the member's name. The engine has made sure that nobody else has it. */
export interface Rename {
  readonly type: 'rename'
  readonly name: string
}
/** Tells the room that this member has the complete file, with a verified digest. */
export interface ReceiveFile {
  readonly type: 'receiveFile'
  readonly file: string
}

/** Removes a message: one's own, or as an operator anybody's. */
export interface RemoveMessage {
  readonly type: 'removeMessage'
  readonly seq: number
}
/** The same with the message as the engine has read it, since the room itself keeps none. */
export interface RemoveReadMessage extends RemoveMessage {
  readonly message?: { readonly author: Member; readonly audience?: Audience }
}
/** Removes a file, complete or not: one's own, or as an operator anybody's. */
export interface RemoveFile {
  readonly type: 'removeFile'
  readonly file: string
}
/** The owner of an upload in a single request: the connection that carries it, and nobody afterwards. */
export const IN_BAND = 'connection'

/** The same with the name by which the server recognises the sender again, if that is not a key. */
export interface RemoveOwnFile extends RemoveFile {
  readonly owner?: string
}
/** Removes every message and file of the room; for its owner. */
export interface Clear {
  readonly type: 'clear'
}
/** Removes something from the room: one's own, or as an operator anybody's. */
export type Removal = RemoveMessage | RemoveFile | Clear

/** Ends a member's membership; for operators. `name`: a member of the room. */
export interface Kick {
  readonly type: 'kick'
  readonly name: string
  /** As in `Whisper`. */
  readonly member?: string
  readonly reason?: string
}
/** Lets a member only read; for operators. Bans and mutes apply to a name, or to a guest's address. */
export interface Mute {
  readonly type: 'mute'
  readonly name: string
  readonly reason?: string
}
/** Ends a mute; for operators. `name`: as it was when muted, or as it is now. */
export interface Unmute {
  readonly type: 'unmute'
  readonly name: string
}
/** Sends a person out, and keeps them out; for operators. */
export interface Ban {
  readonly type: 'ban'
  readonly name: string
  readonly reason?: string
}
/** Ends a ban; for operators. */
export interface Unban {
  readonly type: 'unban'
  readonly name: string
}
/** Makes a member an operator; for operators. */
export interface Op {
  readonly type: 'op'
  readonly name: string
}
/** Ends an operator's rank; for the owner, or the operator itself. */
export interface Deop {
  readonly type: 'deop'
  readonly name: string
}
/** Lets a member speak where only operators may; for operators. */
export interface Voice {
  readonly type: 'voice'
  readonly name: string
}
/** Takes a voice away; for operators. */
export interface Unvoice {
  readonly type: 'unvoice'
  readonly name: string
}
/** Lets nobody new in, and only operators set the topic: `SetInviteOnly` and `SetTopicLock` together. */
export interface Lock {
  readonly type: 'lock'
}
/** Ends a lock; for operators. */
export interface Unlock {
  readonly type: 'unlock'
}
/** From now on, only operators see the files and messages of members. */
export interface StartCollection {
  readonly type: 'startCollection'
}
/** Members see each other's new files and messages again; for operators. */
export interface EndCollection {
  readonly type: 'endCollection'
}
/** Slow mode: members other than operators may send one message in this many seconds, 1 to 3600; 0 ends it. */
export interface SetSlowMode {
  readonly type: 'setSlowMode'
  readonly seconds: number
}
/** The room's files expire this many seconds after their arrival, an hour to 365 days; 0 ends it. */
export interface SetExpiry {
  readonly type: 'setExpiry'
  readonly seconds: number
}
/** Nobody new enters without an invitation. */
export interface SetInviteOnly {
  readonly type: 'setInviteOnly'
  readonly on: boolean
}
/** Only operators set the topic. */
export interface SetTopicLock {
  readonly type: 'setTopicLock'
  readonly on: boolean
}
/** Only operators, and members with a voice, speak and send files. Whispers and hand-ins stay possible. */
export interface SetModeratorsSpeak {
  readonly type: 'setModeratorsSpeak'
  readonly on: boolean
}
/** Only members see the room in a list of rooms. */
export interface SetUnlisted {
  readonly type: 'setUnlisted'
  readonly on: boolean
}
/** Switches a rule of the room on or off. */
export type SetSwitch = SetInviteOnly | SetTopicLock | SetModeratorsSpeak | SetUnlisted
/** The largest number of members, 1 to 100,000; operators always enter. 0 ends it. */
export interface SetMostMembers {
  readonly type: 'setMostMembers'
  readonly most: number
}
/** Sets a rule of the room to a number of seconds; 0 ends it. */
export type SetSeconds = SetSlowMode | SetExpiry
/** The commands of operators: refused with `NOT_ALLOWED` for everybody else. */
export type Moderation =
  | Kick
  | Mute
  | Unmute
  | Ban
  | Unban
  | Op
  | Deop
  | Lock
  | Unlock
  | Voice
  | Unvoice
  | StartCollection
  | EndCollection
  | SetSeconds
  | SetSwitch
  | SetMostMembers

/** Tells the room that this member is away. */
export interface GoAway {
  readonly type: 'away'
  readonly reason?: string
}
/** Tells the room that this member is back. */
export interface ComeBack {
  readonly type: 'back'
}
/** May be sent with each key: the room is told every few seconds. */
export interface Type {
  readonly type: 'typing'
}

/** The commands that a member sends to its room. */
export type ClientCommand =
  | Say
  | Act
  | Whisper
  | SetTopic
  | Rename
  | ReceiveFile
  | Removal
  | Moderation
  | GoAway
  | ComeBack
  | Type

/**
 * The commands that can be sent without waiting for the answer. A rename cannot: another member may have the name. Nor can a removal,
 * which is carried out after its commit.
 */
export type PostedCommand = Exclude<ClientCommand, Rename | Removal>

export const isPosted = (command: ClientCommand): command is PostedCommand =>
  command.type !== 'rename' && !isRemoval(command)

export const isRemoval = (command: ClientCommand): command is Removal =>
  command.type === 'removeMessage' || command.type === 'removeFile' || command.type === 'clear'

export interface Join {
  readonly type: 'join'
  /** As the host gives it to its owner. */
  readonly role?: Role
  /** Has an invitation: the rights of a member who was present when the room was locked. */
  readonly invited?: boolean
  /** The person who made the invitation, until the invited member has joined. */
  readonly inviter?: string
}
export interface Leave extends Farewell {
  readonly type: 'leave'
  readonly reason: string
}
/** A member's own way of leaving. */
export interface Farewell {
  /** Parting words, at most 512 bytes; published if the member may speak. */
  readonly message?: string
  /** The member leaves the host, not only this room. */
  readonly quit?: true
}
/**
 * The transfer of a file has begun, ended well, or ended badly. These are facts from the engine, and outlive the sender's membership.
 * The room itself decides the audience of a file; for a new file it is given the audience that the sender wants.
 */
export interface OfferFile {
  readonly type: 'offerFile'
  readonly file: OfferedFile
  readonly owner?: string
  /** As in `FileOffered`. */
  readonly home?: string
  /** The earlier home, which is gone: `home` takes the upload over. */
  readonly instead?: string
}
export interface CompleteFile {
  readonly type: 'completeFile'
  readonly file: WholeFile
  /** As in `FileOffered`: refused if the upload has another home by now. */
  readonly home?: string
  /** It was offered before: if it is gone by now, it stays gone. */
  readonly isOffered?: true
}
export interface WithdrawFile {
  readonly type: 'withdrawFile'
  readonly file: string
  readonly reason: string
  /** An upload that this host ends: refused if it has another home by now. Left out: whatever its home. */
  readonly home?: string
  /** The member who removed it; left out otherwise. */
  readonly removedBy?: Member
}

/** The last byte of a complete file was served to the member. */
export interface ServeFile {
  readonly type: 'serveFile'
  readonly file: string
}

/** The number of bytes received of a file. */
export interface ProgressFile {
  readonly type: 'progressFile'
  readonly file: string
  readonly bytes: number
}

/** The room has a password from now on, or none any more. The room only publishes that; it does not keep the password. */
export interface TellPassword {
  readonly type: 'tellPassword'
  readonly isSet: boolean
}

/**
 * A person who was inside when the room was locked is put out, and loses the right to come back. Follows from a kick that is decided
 * again.
 */
export interface ShutPersonOut {
  readonly type: 'shutPersonOut'
  readonly person: string
}

/** The room's files come close to its quota. */
export interface TellFileSpace {
  readonly type: 'tellFileSpace'
  readonly used: number
  readonly quota: number
}

/** A number of files expire within a day: the host tells the room once about each. */
export interface TellExpiring {
  readonly type: 'tellExpiring'
  readonly files: number
}

export type RoomCommand =
  | Exclude<ClientCommand, RemoveMessage | RemoveFile>
  | RemoveReadMessage
  | RemoveOwnFile
  | Join
  | Leave
  | OfferFile
  | CompleteFile
  | WithdrawFile
  | ProgressFile
  | ServeFile
  | TellPassword
  | ShutPersonOut
  | TellFileSpace
  | TellExpiring

/** The circumstances of a decision: the sequence of the entry it may become, the time, and the room's limits. */
export interface Stamp {
  readonly seq: number
  readonly at: number
  readonly maxTextBytes: number
  /** Number of receipts for one file; unlisted receivers, whose names are free to invent, get half of them. */
  readonly receiptsPerFile: number
}

/** The room already has the fact of the command, from the entry `seq` or before: nothing is added. */
export interface Known {
  readonly type: 'known'
  readonly seq: number
}

/** The answer to a command that succeeded. */
export interface Ack {
  readonly type: 'ack'
  /** The entry's sequence; for presence, the sequence of the entry before it. */
  readonly seq: number
  /** The room had this already. `seq` is then the sequence of the first command with this id; for a receipt, the room's newest. */
  readonly duplicate: boolean
}

/** Commands of one member to be decided together, and the callbacks for their outcome. */
export interface Mail {
  readonly by: Member
  readonly commands: readonly RoomCommand[]
  /** Called once for each refused command; if a whole commit is refused, once for the mail. */
  refused(rejected: Rejected): void
  /** Called for each command after its commit. Left out if nobody waits for it, which saves the work. */
  committed?(ack: Ack): void
}
