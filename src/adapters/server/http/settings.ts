import type { FailedAttemptSettings } from '../security/failed-attempts.ts'

/** What the HTTP door holds to; the defaults stand in `app/defaults.ts`. */
export interface HttpSettings extends FailedAttemptSettings {
  /** Names of this host, beside its addresses and `localhost`, that a request may be meant for. */
  readonly hostNames: readonly string[]
  /** The room of whoever names none. */
  readonly room: string
  /** A request's whole head. */
  readonly headBytes: number
  readonly headers: number
  readonly headMs: number
  /** A body that does not grow for this long has failed. */
  readonly bodyStallMs: number
  /** And so has one of which fewer bytes than these come in this long. */
  readonly bodyWindowMs: number
  readonly bodyLeastBytes: number
  /** How long a connection may wait for its next request. */
  readonly idleMs: number
  /** How long what comes in behind an early answer is read over. */
  readonly lingerMs: number
  /** Requests that wait for the one before them on one connection. */
  readonly pipelined: number
  readonly messageBytes: number
  /** What may come with an `Upload-Checksum`: it waits in memory until it is known to be right. */
  readonly checkedBytes: number
  /** Files that are being sent at once. */
  readonly downloads: number
  /** Bytes that one message may have in the room. */
  readonly maxTextBytes: number
  /**
   * Lines a second, and what costs as much (`shared/costs.ts`): for each member, and for each address of those who are none. 0 for no
   * limit; loopback only where `rateOnLoopback`.
   */
  readonly linesPerSecond: number
  readonly linesBurst: number
  readonly rateOnLoopback: boolean
  /** Entries on one page, unless asked otherwise and at most. */
  readonly pageEntries: number
  readonly maxPageEntries: number
  /** Above this much waiting, a reader of a stream reads on from the journal later. */
  readonly outboxMarkBytes: number
  /** A stream of Server-Sent Events says that it is alive this often. */
  readonly heartbeatMs: number
}
