import type { RoomActor } from '../room/actor.ts'

export interface JoinRequest {
  readonly room: string
  readonly name: string
  /** `name` is an address that a door shows for somebody without a nick: not checked, and not theirs alone. */
  readonly guest?: boolean
  /** Keeps a nick over a change of rooms: the id of whoever has it already. */
  readonly owner?: string
  /**
   * The member's id, for somebody who is known again when they come back: what was whispered to them stays theirs. Not two at a time
   * in one room.
   */
  readonly member?: string
  /**
   * Names whoever shows the same again, for a room to know its ops by: never a secret itself, since the room's history tells it, but
   * a digest of one. Left out: this joining is nobody who was here before.
   */
  readonly person?: string
  /** Where they come from: what is laid down for an address holds for them. A guest's name is one. */
  readonly address?: string
  /** For its own terminal, and for who shows the owner's key. */
  readonly role?: 'owner'
  /** They were asked in: a lock does not keep them out. */
  readonly invited?: boolean
  /** The person who asked them in, until they have come in by it. */
  readonly inviter?: string
  /**
   * The id of the member for whom it reads what is not for everybody: somebody who comes with a link of theirs, while they may be
   * elsewhere. Left out: itself.
   */
  readonly reads?: string
  /** Comes and goes without a word and is not listed, but may speak: programs that are there for one request. */
  readonly quiet?: boolean
  /** The sequence after which `events$` begins; without it, now. */
  readonly after?: number
}

/** Where a session sits, and whose nick it uses. */
export interface Membership {
  readonly room: RoomActor
  readonly owner: string
  readonly ownsName: boolean
  quiet: boolean
  /** To be called once they are gone. */
  readonly dismiss: () => void
  /** Changes of name that wait for their answer. */
  renames: number
}
