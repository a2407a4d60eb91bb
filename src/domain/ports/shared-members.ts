import type { Rejected } from '../errors.ts'
import type { Ack, Kick } from '../room/commands.ts'
import type { MemberNews } from '../room/elsewhere.ts'
import type { Member } from '../room/events.ts'

/** A room in use on this host, as the other hosts see it. */
export interface SharedRoom {
  /** The members at this host. */
  readonly own: readonly MemberNews[]
  /** The number of members at this host. */
  readonly count: number
  /** News of members at another host, in order. */
  hear(host: string, news: readonly MemberNews[]): void
  /** All members at another host, replacing what was known. Empty with a reason: the host is gone. */
  list(host: string, news: readonly MemberNews[], reason?: string): void
  /** An operator at another host kicks a member of this one. */
  kick(by: Member, command: Kick): Promise<Ack | Rejected>
}

/**
 * The members at several hosts. Each host publishes its own members, and only those. That is not kept: lost messages are noticed and
 * asked for again, and a host that is silent for some seconds is gone, along with its members.
 */
export interface SharedMembers {
  /** Call it first; idempotent. Rejects if this host may not be one of them. */
  open(): Promise<void>
  /** The others know at once that this host is gone. */
  close(): Promise<void>
  /**
   * The room is in use here from now on. Resolves once the members at other hosts are listed; if a host does not answer, after a moment.
   */
  enter(name: string, room: SharedRoom): Promise<void>
  /** The room is no longer in use here. */
  leave(name: string): void
  /** Tells the other hosts the news of this host's members in a room in use here. */
  tell(name: string, news: readonly MemberNews[]): void
  /** The rooms in which other hosts have a member; hosts that do not answer are left out. */
  roomsOf(member: string): Promise<readonly string[]>
  /** Has a member at another host kicked by that host. */
  kick(host: string, name: string, by: Member, command: Kick): Promise<Ack | Rejected>
}
