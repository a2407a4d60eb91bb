import type { Rejected } from '../errors.ts'
import type { Ack, Kick } from '../room/commands.ts'
import type { MemberNews } from '../room/elsewhere.ts'
import type { Member } from '../room/events.ts'

/** A room that is in use on this host, for the other hosts. */
export interface SharedRoom {
  /** The members who are with this host. */
  readonly own: readonly MemberNews[]
  /** So many they are. */
  readonly count: number
  /** What members of another host have done, in its order. */
  hear(host: string, news: readonly MemberNews[]): void
  /** All members who are with another host, whatever was known of it. Empty with a reason: the host is gone. */
  list(host: string, news: readonly MemberNews[], reason?: string): void
  /** A moderator on another host kicks a member of this one. */
  kick(by: Member, command: Kick): Promise<Ack | Rejected>
}

/**
 * Who is where, over several hosts. Each host tells of its own members, and only it. That is not kept: what is lost on the way is found out and asked for
 * again, and a host that is not heard for some seconds is gone, with its members.
 */
export interface SharedMembers {
  /** To be awaited before all else; idempotent. Rejects where this host may not be one of them. */
  open(): Promise<void>
  /** The others know at once that this host is gone. */
  close(): Promise<void>
  /** The room is in use here from now on. Resolves once those of the other hosts were listed, or, where one does not answer, after a moment. */
  enter(name: string, room: SharedRoom): Promise<void>
  /** It is in use no more. */
  leave(name: string): void
  /** Tells the other hosts what members of this one have done in a room that is in use here. */
  tell(name: string, news: readonly MemberNews[]): void
  /** The rooms in which other hosts have a member; none of those that do not answer. */
  roomsOf(member: string): Promise<readonly string[]>
  /** Has a member kicked by the host that it is with. */
  kick(host: string, name: string, by: Member, command: Kick): Promise<Ack | Rejected>
}
