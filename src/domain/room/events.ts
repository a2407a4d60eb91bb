import type { Member } from './member.ts'

/** A file that is spoken of. `size` in bytes, where it is known. */
export interface MentionedFile {
  readonly id: string
  readonly name: string
  readonly size?: number
  /** The digest that the sender promised, 64 hexadecimal digits, where it did. */
  readonly sha256?: string
}

/** A file that is on its way: size and digest (64 hexadecimal digits) as the sender promised them, where it did. */
export interface OfferedFile extends MentionedFile {
  readonly sha256?: string
}

/** A file that is whole. `size` in bytes, `sha256` as 64 hexadecimal digits. */
export interface WholeFile {
  readonly id: string
  readonly name: string
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

export interface Said extends Journaled {
  readonly type: 'said'
  readonly text: string
}
export interface Acted extends Journaled {
  readonly type: 'acted'
  readonly text: string
}
/** Only `by` and `to` may see it. */
export interface Whispered extends Journaled {
  readonly type: 'whispered'
  readonly to: Member
  readonly text: string
}
export interface TopicSet extends Journaled {
  readonly type: 'topicSet'
  readonly topic: string
}
export interface FileOffered extends Journaled {
  readonly type: 'fileOffered'
  readonly file: OfferedFile
}
export interface FileCompleted extends Journaled {
  readonly type: 'fileCompleted'
  readonly file: WholeFile
}
export interface FileWithdrawn extends Journaled {
  readonly type: 'fileWithdrawn'
  readonly file: MentionedFile
  readonly reason: string
}
/** `by` has the file whole, and has verified its digest. */
export interface FileReceived extends Journaled {
  readonly type: 'fileReceived'
  readonly file: MentionedFile
}

/** What the journal keeps. */
export type Entry = Said | Acted | Whispered | TopicSet | FileOffered | FileCompleted | FileWithdrawn | FileReceived

export interface Joined {
  readonly type: 'joined'
  readonly by: Member
}
export interface Left {
  readonly type: 'left'
  readonly by: Member
  readonly reason: string
}
export interface Renamed {
  readonly type: 'renamed'
  readonly by: Member
  readonly from: string
}
/** Entries from `from` to `to` are past the room's history: this reader will not get them. */
export interface Missed {
  readonly type: 'missed'
  readonly from: number
  readonly to: number
}

/** Live only: it has no sequence number and no history. */
export type Presence = Joined | Left | Renamed

export type RoomEvent = Entry | Presence | Missed

export const isEntry = (event: RoomEvent): event is Entry => 'seq' in event

/** What a room must know again after a restart: its topic, its files, and who has them. Chat is not among it. */
export const isFact = (entry: Entry): boolean =>
  entry.type === 'topicSet' ||
  entry.type === 'fileOffered' ||
  entry.type === 'fileCompleted' ||
  entry.type === 'fileWithdrawn' ||
  entry.type === 'fileReceived'

/** Whether a member may see an event: all but other people's whispers. */
export const isVisibleTo = (event: RoomEvent, memberId: string): boolean =>
  event.type !== 'whispered' || event.by.id === memberId || event.to.id === memberId
