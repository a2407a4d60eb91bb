export interface ClientSessionSettings {
  /** A connection that has shown nothing to come in by then is closed. */
  readonly handshakeMs: number
  /** Lines or messages a second, 0 for no limit; loopback only where `rateOnLoopback`. */
  readonly perSecond: number
  readonly burst: number
  readonly rateOnLoopback: boolean
  /** Different rooms that one connection may join. */
  readonly roomsPerConnection: number
  readonly outboxMarkBytes: number
  /** Why others are told that a member left whose connection just ended. */
  readonly lostReason: 'left' | 'connection lost'
  /** The connection has a session for each of its rooms. They are the same member, and leave nothing on the connection when they end. */
  readonly isOneOfMany?: true
}
