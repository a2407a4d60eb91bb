/** Limits of frames and WebSockets; the defaults stand in `app/defaults.ts`. */
export interface SessionServerSettings {
  /** The host's program as it calls itself, as in `tamtam/0.1.0`. */
  readonly program: string
  /** A connection that has not come into a room by then is closed. */
  readonly handshakeMs: number
  /** A frame must be whole this long after it began. */
  readonly frameMs: number
  /** Messages a second of each connection, 0 for no limit; loopback only where `rateOnLoopback`. */
  readonly messagesPerSecond: number
  readonly messagesBurst: number
  readonly rateOnLoopback: boolean
  /** Commands of one connection that wait for their answers; then it is not read. */
  readonly unanswered: number
  /** Above this much waiting, a reader reads on from the journal later. */
  readonly outboxMarkBytes: number
  /** Different rooms that one connection may join. */
  readonly roomsPerConnection: number
  /** Tabs, devices and programs of one person: one more ends the one from which nothing has come for the longest time. */
  readonly connectionsPerMember: number
  /** Members that are listed when somebody joins. */
  readonly listedMembers: number
  /** Pieces that one message of a WebSocket may come in, and those of the socket that may wait for the rest. */
  readonly fragments: number
  readonly bufferedChunks: number
  /** Pings of a WebSocket's own. */
  readonly pingsPerSecond: number
  readonly pingsBurst: number
}
