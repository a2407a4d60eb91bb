import type { Rejected } from '../errors.ts'
import type { Audience, Member, OfferedFile, Role, WholeFile } from './events.ts'

/** Says something to the room. The same `id` twice is one message: `ID_REUSED` where its text differs. */
export interface Say {
  readonly type: 'say'
  readonly text: string
  /** As in `Said`. */
  readonly notice?: true
  /** The client's own id for this message: sent twice, it is still one message. */
  readonly id?: string
}
/** An action: `* ani puts the kettle on`. */
export interface Act {
  readonly type: 'act'
  readonly text: string
  readonly id?: string
}
/** A message to one member: `NO_SUCH_MEMBER` where nobody, or more than one, has that name. */
export interface Whisper {
  readonly type: 'whisper'
  /** The addressee's name. */
  readonly to: string
  /** Their member id, by which one of several of that name is meant. */
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
/** The engine has made sure that nobody else has this name. */
export interface Rename {
  readonly type: 'rename'
  readonly name: string
}
/** Says that this member has the file whole and verified. */
export interface ReceiveFile {
  readonly type: 'receiveFile'
  readonly file: string
}

/** Takes away a message: one's own, or as an operator anybody's. */
export interface RemoveMessage {
  readonly type: 'removeMessage'
  readonly seq: number
}
/** The same with the message as the engine has read it: the room itself keeps none. */
export interface RemoveReadMessage extends RemoveMessage {
  readonly message?: { readonly author: Member; readonly audience?: Audience }
}
/** Takes away a file, whole or on its way: one's own, or as an operator anybody's. */
export interface RemoveFile {
  readonly type: 'removeFile'
  readonly file: string
}
/** The owner of an upload in one go: the connection that brings it, and nobody once that is over. */
export const IN_BAND = 'connection'

/** The same with the word by which the server knows its sender again, where that is no key. */
export interface RemoveOwnFile extends RemoveFile {
  readonly owner?: string
}
/** Takes away every message and file of the room; for its owner. */
export interface Clear {
  readonly type: 'clear'
}
/** Takes something out of the room: one's own, or as a moderator anybody's. */
export type Removal = RemoveMessage | RemoveFile | Clear

/** Commands of operators. `name`: a member of the room; bans and mutes hold for the name, or a guest's address. */
export interface Kick {
  readonly type: 'kick'
  readonly name: string
  /** As in `Whisper`. */
  readonly member?: string
  readonly reason?: string
}
/** For moderators: lets somebody only read. */
export interface Mute {
  readonly type: 'mute'
  readonly name: string
  readonly reason?: string
}
/** For moderators: ends a mute, by the name it was laid down for or the name the person has now. */
export interface Unmute {
  readonly type: 'unmute'
  readonly name: string
}
/** For moderators: sends somebody out, and keeps them out. */
export interface Ban {
  readonly type: 'ban'
  readonly name: string
  readonly reason?: string
}
/** For moderators: ends a ban. */
export interface Unban {
  readonly type: 'unban'
  readonly name: string
}
/** For moderators: makes a member a moderator. */
export interface Op {
  readonly type: 'op'
  readonly name: string
}
/** For the owner, or the moderator itself: ends that rank. */
export interface Deop {
  readonly type: 'deop'
  readonly name: string
}
/** Lets a member speak where only operators do. */
export interface Voice {
  readonly type: 'voice'
  readonly name: string
}
/** Takes a voice away. */
export interface Unvoice {
  readonly type: 'unvoice'
  readonly name: string
}
/** Nobody new comes in, and only ops set the topic: `SetInviteOnly` and `SetTopicLock` at once. */
export interface Lock {
  readonly type: 'lock'
}
/** For moderators: ends a lock. */
export interface Unlock {
  readonly type: 'unlock'
}
/** From now on only operators see the files and messages of members. */
export interface StartCollection {
  readonly type: 'startCollection'
}
/** For moderators: files of members are for everybody again. */
export interface EndCollection {
  readonly type: 'endCollection'
}
/** Slow mode: members other than operators may send one message in so many seconds, 1 to 3600; 0 ends it. */
export interface SetSlowMode {
  readonly type: 'setSlowMode'
  readonly seconds: number
}
/** The room's files go so many seconds after they came, an hour to 365 days; 0 ends it. */
export interface SetExpiry {
  readonly type: 'setExpiry'
  readonly seconds: number
}
/** Nobody new comes in without an invitation. */
export interface SetInviteOnly {
  readonly type: 'setInviteOnly'
  readonly on: boolean
}
/** Only operators set the topic. */
export interface SetTopicLock {
  readonly type: 'setTopicLock'
  readonly on: boolean
}
/** Only operators, and members with a voice, speak and send files; whispers go on, and so do hand-ins. */
export interface SetModeratorsSpeak {
  readonly type: 'setModeratorsSpeak'
  readonly on: boolean
}
/** The room is in no list of rooms but its members'. */
export interface SetUnlisted {
  readonly type: 'setUnlisted'
  readonly on: boolean
}
/** Sets a rule of the room that holds or not. */
export type SetSwitch = SetInviteOnly | SetTopicLock | SetModeratorsSpeak | SetUnlisted
/** At most so many members, 1 to 100,000; operators come in always. 0 ends it. */
export interface SetMostMembers {
  readonly type: 'setMostMembers'
  readonly most: number
}
/** Sets a rule of the room to a number of seconds; 0 ends it. */
export type SetSeconds = SetSlowMode | SetExpiry
/** The commands of moderators: refused with `NOT_ALLOWED` to all others. */
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
/** May be said at each key: the room is told every few seconds. */
export interface Type {
  readonly type: 'typing'
}

/** The commands of a member to its room. */
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

/** The commands that can be sent without waiting for the answer. A rename cannot: another member may have the name. Nor can a removal, which is carried out once it is kept. */
export type PostedCommand = Exclude<ClientCommand, Rename | Removal>

export const isPosted = (command: ClientCommand): command is PostedCommand =>
  command.type !== 'rename' && !isRemoval(command)

export const isRemoval = (command: ClientCommand): command is Removal =>
  command.type === 'removeMessage' || command.type === 'removeFile' || command.type === 'clear'

export interface Join {
  readonly type: 'join'
  /** As the host gives it, to its owner. */
  readonly role?: Role
  /** Comes with an invitation: has the rights of a member who was here when the room was locked. */
  readonly invited?: boolean
  /** The person who made the invitation, until the invited member has joined. */
  readonly inviter?: string
}
export interface Leave extends Farewell {
  readonly type: 'leave'
  readonly reason: string
}
/** How somebody leaves by themselves. */
export interface Farewell {
  /** What they say to it; told where they may say anything, and in 512 bytes. */
  readonly message?: string
  /** They leave the host, not only this room. */
  readonly quit?: true
}
/**
 * The transfer of a file has begun, ended well, or ended badly: facts of the engine's, which outlive the sender's membership. The room itself
 * decides the audience of a file; only for a new one it is told the audience that its sender wanted.
 */
export interface OfferFile {
  readonly type: 'offerFile'
  readonly file: OfferedFile
  readonly owner?: string
  /** As in `FileOffered`. */
  readonly home?: string
}
export interface CompleteFile {
  readonly type: 'completeFile'
  readonly file: WholeFile
  /** It was offered: where it is gone by now, it stays so. */
  readonly isOffered?: true
}
export interface WithdrawFile {
  readonly type: 'withdrawFile'
  readonly file: string
  readonly reason: string
  /** Left out where nobody removed it. */
  readonly removedBy?: Member
}

/** The last byte of a whole file was served to the member. */
export interface ServeFile {
  readonly type: 'serveFile'
  readonly file: string
}

/** So many bytes of a file have come. */
export interface ProgressFile {
  readonly type: 'progressFile'
  readonly file: string
  readonly bytes: number
}

/** The room has a password from now on, or none any more: the room does not keep it, it only tells. */
export interface TellPassword {
  readonly type: 'tellPassword'
  readonly isSet: boolean
}

/** A person who was inside when the room was locked was put out, and does not come back by that: the rest of a kick that was decided before. */
export interface ShutPersonOut {
  readonly type: 'shutPersonOut'
  readonly person: string
}

/** The room's files have come near to what it may keep. */
export interface TellFileSpace {
  readonly type: 'tellFileSpace'
  readonly used: number
  readonly quota: number
}

/** So many files go within a day: the host tells the room once of each. */
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

/** The stamp of a decision: the sequence it gets if it is an entry, the time, and the room's limits. */
export interface Stamp {
  readonly seq: number
  readonly at: number
  readonly maxTextBytes: number
  /** Receipts that one file may have; half of them for unlisted receivers, whose names cost nothing. */
  readonly receiptsPerFile: number
}

/** The room already has the fact of the command, by the entry `seq` at the latest: nothing is to be added. */
export interface Known {
  readonly type: 'known'
  readonly seq: number
}

/** The answer to a command that was carried out. */
export interface Ack {
  readonly type: 'ack'
  /** The entry's sequence; for presence, that of the entry before it. */
  readonly seq: number
  /** The room knew this already. `seq` is the one that the command's id got then; for a receipt, the room's newest. */
  readonly duplicate: boolean
}

/** Commands of one member that are decided together, and the callback for their outcome. */
export interface Mail {
  readonly by: Member
  readonly commands: readonly RoomCommand[]
  /** Heard once for each refused command; when a whole commit is refused, once for the mail. */
  refused(rejected: Rejected): void
  /** Heard for each command, after its commit. Left out where nobody waits: then nothing is done for it. */
  committed?(ack: Ack): void
}
