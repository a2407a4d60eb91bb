import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { Credentials } from '../security/access-control.ts'

/** How a protocol writes what happens in a room. */
export interface BatchWire {
  /** Writes the member's part of a batch to the outbox: encoded once for all readers, in one write. */
  deliver(batch: Batch, session: LocalSession): void
}

/** How a member joins a room. */
export interface JoinOptions {
  /** The room's password, or an invitation. */
  readonly password?: string
  /** The sequence after which its events come; left out, now. */
  readonly after?: number
  /** The others do not hear of it before `announce`. */
  readonly hidden?: boolean
  /** The nick that it wants; left out, the one that it has. */
  readonly nick?: string
  /** The client's own id of itself, the same when it reconnects: takes the place of the person's connection that has it. */
  readonly client?: string
}

/** A reason as members are told it. */
export type Reason = Pick<Rejected, 'code' | 'message' | 'limit'>

/** A room was joined, by these credentials. Its events come from the sequence `after` on. */
export interface Joined {
  readonly type: 'joined'
  readonly session: LocalSession
  readonly credentials: Credentials
  readonly after: number
}

/** Supplied by a front end: the output to its member in its protocol. */
export interface Wire extends BatchWire {
  /** Tells of a room that was joined, before anything of it is delivered, or of a posted command that was refused. */
  reply(answer: Joined | Rejected): void
  /**
   * Takes in nothing more, sends the reason if given, and ends the connection after the bytes already written. Called once, also where the
   * connection is over already. Resolves when nothing of the member's is under way to its room any more, such as half a file.
   */
  close(why: Reason | undefined): Promise<unknown> | undefined
}
