import type { Member, OfferedFile, TopicSet, WholeFile } from './events.ts'
import { noRules, type RoomRules } from './rules.ts'

/** A file on its way. */
export interface UnfinishedFile {
  readonly status: 'offered'
  readonly file: OfferedFile
  readonly by: Member
  readonly at: number
  /** As in `FileOffered`. */
  readonly owner?: string
  readonly home?: string
  /** Bytes that had come when that was last told; left out until it was. */
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
      /** When each receiver verified it, by name. */
      readonly received: ReadonlyMap<string, number>
      /** When the host had served the last byte of it to each member, by name; to the sender never. */
      readonly served: ReadonlyMap<string, number>
    }

/** Whom bans hold for, or mutes. */
export interface Restraints {
  /** The restraints, by the skeleton of the name they were given for, or by the subnet of the address. */
  readonly names: Map<string, Restraint>
  /** How many of these hold for each person. */
  readonly persons: Map<string, number>
}

export interface Restraint {
  /** As it was given. */
  readonly name: string
  /** Of the newest that was given with one. */
  readonly reason?: string
  readonly persons: ReadonlySet<string>
}

/** Where somebody comes from, as the server knows it. The room is never told. */
export interface Origin {
  /** The same each time somebody comes back. */
  readonly person: string
  readonly address?: string
  /** They have no key: the next connection is another person. */
  readonly keyless?: boolean
}

/** An op for having made the room. */
export interface Founder {
  readonly member: Member
  readonly person: string
}

/** One of a member's connections, present or about to join. */
export interface Connection {
  /** False: of a hidden member, or for one request of a listed one. */
  readonly isListed: boolean
  readonly address?: string
  /** The other host that has it; left out where it is of this one. */
  readonly host?: string
}

/**
 * The state of a room. Only `evolve` changes it, and in place: a copy for each of 300 000 messages a second would cost more
 * than all the rest.
 */
export interface RoomState {
  readonly name: string
  readonly members: Map<string, Member>
  /** Hidden members: they may speak, are not listed, and nobody is told when they come and go. */
  readonly hidden: Map<string, Member>
  readonly files: Map<string, RoomFile>
  /** Bytes of the whole ones. */
  wholeBytes: number
  /** The same maps that whole files show as `received`, by the file's id. */
  readonly receipts: Map<string, Map<string, number>>
  /** The same maps that whole files show as `served`, by the file's id. */
  readonly served: Map<string, Map<string, number>>
  /** Ids of the members to whom a file was served, and those of the receipts' authors, by the file's id: a rename makes no second receiver. */
  readonly holders: Map<string, Set<string>>
  readonly receivers: Map<string, Set<string>>
  /** The rules for everybody; the journal keeps them, as it keeps ops, bans and mutes. */
  rules: RoomRules
  /** Who changed the topic last, and when; undefined until somebody did. */
  topicSet: Pick<TopicSet, 'by' | 'at'> | undefined
  /** Who enters it first, while it has neither members nor history, becomes an op. */
  readonly hasFounder: boolean
  /** That member, until it is kept, with the room's first entry: a room in which nothing is said leaves nothing behind. */
  founder: Founder | undefined
  /** The name of each op when they became one, by person. */
  readonly ops: Map<string, string>
  /** Who may speak where only operators do: the name when they were given a voice, by person. */
  readonly voices: Map<string, string>
  readonly bans: Restraints
  readonly mutes: Restraints
  /** Members present or about to join, by id: their origin, the skeleton of their name, and their restraint. */
  readonly origins: Map<string, Origin>
  /** The connections of each, oldest first: presence ends with the last listed one. */
  readonly connections: Map<string, readonly Connection[]>
  readonly skeletons: Map<string, string>
  readonly restrained: Map<string, 'banned' | 'muted'>
  /** The persons present when the room was locked: they may come back. */
  readonly insiders: Set<string>
  /**
   * Former members and former names, by skeleton: the last person of each, up to a limit. Empty: a person
   * without a key to know them again.
   */
  readonly gone: Map<string, string>
  /** The persons present since the room began to collect, operators too: see `attend`. It outlives their membership and no restart. */
  readonly attended: Map<string, Member>
  /** When somebody was last told of as typing, by their id. */
  readonly typing: Map<string, number>
  /** In slow mode, the newest message of each speaker (see `speakerOf`) that still makes them wait, oldest first. */
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
