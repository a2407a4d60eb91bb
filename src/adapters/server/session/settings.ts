/** Limits of frames and WebSockets; the defaults stand in `app/defaults.ts`. */
export interface SessionServerSettings {
  /** The name and version of the host's program, such as `tamtam/0.1.0`. */
  readonly program: string
  /** A connection that has not joined a room by then is closed. */
  readonly handshakeMs: number
  /** A frame must be complete this long after its start. */
  readonly frameMs: number
  /** Messages a second for each connection, 0: no limit; on loopback only with `rateOnLoopback`. */
  readonly messagesPerSecond: number
  readonly messagesBurst: number
  readonly rateOnLoopback: boolean
  /** Number of commands of one connection that may wait for their answers; beyond that it is not read. */
  readonly unanswered: number
  /** With more bytes waiting than this, a reader is paused, and continues from the journal. */
  readonly outboxMarkBytes: number
  /** Number of different rooms that one connection may join. */
  readonly roomsPerConnection: number
  /** Tabs, devices and programs of one person: one more closes the one that was silent for the longest time. */
  readonly connectionsPerMember: number
  /** Number of members listed to a joining member. */
  readonly listedMembers: number
  /** Fragments of one WebSocket message, and pieces of the socket that may wait for the rest. */
  readonly fragments: number
  readonly bufferedChunks: number
  /** WebSocket pings a second. */
  readonly pingsPerSecond: number
  readonly pingsBurst: number
}
