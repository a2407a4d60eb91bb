import type { Member, OfferedFile, TopicSet, WholeFile } from './events.ts'
import { noRules, type RoomRules } from './rules.ts'

/** An unfinished file. */
export interface UnfinishedFile {
  readonly status: 'offered'
  readonly file: OfferedFile
  readonly by: Member
  readonly at: number
  /** As in `FileOffered`. */
  readonly owner?: string
  readonly home?: string
  /** Bytes received, as last published; left out before that. */
  readonly arrived?: number
}

export type RoomFile =
  | UnfinishedFile
  | {
      readonly status: 'whole'
      readonly file: WholeFile
      readonly by: Member
      readonly at: number
      /** As in `FileCompleted`. */
      readonly owner?: string
      /** Time of verification by each receiver, by name. */
      readonly received: ReadonlyMap<string, number>
      /** Time at which the last byte was served to each member, by name; never for the sender. */
      readonly served: ReadonlyMap<string, number>
    }

/** The bans of a room, or its mutes. */
export interface Restraints {
  /** By the skeleton of the name they were given for, or by the subnet of the address. */
  readonly names: Map<string, Restraint>
  /** Number of restraints on each person. */
  readonly persons: Map<string, number>
}

export interface Restraint {
  /** As it was given. */
  readonly name: string
  /** From the newest restraint with a reason. */
  readonly reason?: string
  readonly persons: ReadonlySet<string>
}

/** The origin of a member, as the server knows it. Never published. */
export interface Origin {
  /** The same each time the person comes back. */
  readonly person: string
  readonly address?: string
  /** Without a key: the next connection is another person. */
  readonly keyless?: boolean
}

/** An op by virtue of having created the room. */
export interface Founder {
  readonly member: Member
  readonly person: string
}

/** One connection of a member who is present or about to join. */
export interface Connection {
  /** False for a hidden member, and for a single request of a listed one. */
  readonly isListed: boolean
  readonly address?: string
  /** The other host with this connection; left out for one at this host. */
  readonly host?: string
}

/**
 * The state of a room. Only `evolve` changes it, and in place: a copy for each of 300,000 messages a second would cost more than
 * everything else.
 */
export interface RoomState {
  readonly name: string
  readonly members: Map<string, Member>
  /** Hidden members: able to speak, not listed, and their joins and leaves are not published. */
  readonly hidden: Map<string, Member>
  readonly files: Map<string, RoomFile>
  /** Bytes of the complete files. */
  wholeBytes: number
  /** The maps that complete files show as `received`, by the file's id. */
  readonly receipts: Map<string, Map<string, number>>
  /** The maps that complete files show as `served`, by the file's id. */
  readonly served: Map<string, Map<string, number>>
  /** By file id: the members that it was served to, and the authors of its receipts. A rename makes no second receiver. */
  readonly holders: Map<string, Set<string>>
  readonly receivers: Map<string, Set<string>>
  /** The rules for everybody. The journal keeps them, as well as ops, bans and mutes. */
  rules: RoomRules
  /** Author and time of the newest topic; undefined before the first. */
  topicSet: Pick<TopicSet, 'by' | 'at'> | undefined
  /** Whether the first member to enter, before the room has members or history, becomes an op. */
  readonly hasFounder: boolean
  /** The founder, until the room's first entry is kept: a room without entries leaves nothing behind. */
  founder: Founder | undefined
  /** The name of each op at the time of the appointment, by person. */
  readonly ops: Map<string, string>
  /** Persons who may speak while only operators may, with their names at the time. */
  readonly voices: Map<string, string>
  readonly bans: Restraints
  readonly mutes: Restraints
  /** Members present or about to join, by id: their origin, the skeleton of their name, and their restraint. */
  readonly origins: Map<string, Origin>
  /** The connections of each, oldest first: presence ends with the last listed one. */
  readonly connections: Map<string, readonly Connection[]>
  readonly skeletons: Map<string, string>
  readonly restrained: Map<string, 'banned' | 'muted'>
  /** The persons present when the room was locked, who may come back. */
  readonly insiders: Set<string>
  /**
   * The last person of each former member's name or former name, by skeleton, up to a limit. Empty: a person without a key, who cannot
   * be recognised.
   */
  readonly gone: Map<string, string>
  /**
   * The persons present since the room began to collect, including operators: see `attend`. It outlives their membership, but not a
   * restart.
   */
  readonly attended: Map<string, Member>
  /** Time at which each member was last published as typing, by id. */
  readonly typing: Map<string, number>
  /** In slow mode: the newest message of each speaker (see `speakerOf`) for which they still have to wait, oldest first. */
  readonly spoken: Map<string, { readonly at: number; readonly id: string | undefined }>
  /** Sequence of the newest committed entry, 0 before the first. */
  last: number
}

export const initialState = (name: string, hasFounder = false): RoomState => ({
  name,
  hasFounder,
  founder: undefined,
  members: new Map(),
  hidden: new Map(),
  files: new Map(),
  wholeBytes: 0,
  receipts: new Map(),
  served: new Map(),
  holders: new Map(),
  receivers: new Map(),
  rules: noRules,
  topicSet: undefined,
  ops: new Map(),
  voices: new Map(),
  bans: { names: new Map(), persons: new Map() },
  mutes: { names: new Map(), persons: new Map() },
  origins: new Map(),
  connections: new Map(),
  skeletons: new Map(),
  restrained: new Map(),
  insiders: new Set(),
  gone: new Map(),
  attended: new Map(),
  typing: new Map(),
  spoken: new Map(),
  last: 0,
})
