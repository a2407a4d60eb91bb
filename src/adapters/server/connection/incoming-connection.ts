import type { Duplex } from 'node:stream'

/** A connection that a listener hands to a door. */
export interface IncomingConnection {
  readonly connection: Duplex
  /** The peer's address as people read it. */
  readonly address: string
  readonly loopback: boolean
  /** Where the peer reached this host, as in `http://192.168.1.5:8268`; left out where it came without an address. */
  readonly base?: string
  /** To be called once it has come in somewhere: then it takes no stranger's place any more. Left out where nobody counts them. */
  known?(): void
  /** It has said nothing, and may be a browser's that holds a connection ready: nobody is told of it before it says something. */
  readonly hidden?: boolean
  /** What was read already to tell the protocol. */
  readonly head: Buffer
}

/** Where browsers come in. */
export interface Browsed {
  /** Whether somebody at this address has a connection here: a browser opens others beside it that say nothing yet. */
  serves(address: string): boolean
}

/** Where connections of one protocol end up. */
export interface ConnectionServer {
  accept(incoming: IncomingConnection): void
  /** Takes in nothing more; what was said before still goes its way. */
  stopReading(): void
  /** Tells everyone why, flushes for as long as `ms`, and hangs up. */
  close(why: string, ms: number): Promise<void>
  /** Closes peers that have taken nothing for `ms` although something waits for them. */
  sweep(ms: number): void
}
