import type { Code } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'

/** The version of the Session protocol: `docs/protocol.md`. */
export const PROTOCOL_VERSION = 1

/** What a WebSocket names to speak it. */
export const SUBPROTOCOL = 'tamtam.1'

export interface Hello {
  readonly type: 'hello'
  readonly version: number
  /** 32 hexadecimal digits in lower case that the client made up at random. */
  readonly key: string
  readonly name?: string
  readonly token?: string
}
export interface JoinRoom {
  readonly type: 'join'
  readonly room: string
  /** What opens the room: its password, or an invitation. */
  readonly password?: string
  /** The last sequence that the client has; left out: only what is new. */
  readonly after?: number
}
export interface Command {
  readonly type: 'command'
  /** With it, the command is answered. */
  readonly ref?: number
  readonly command: ClientCommand
}
export interface Ping {
  readonly type: 'ping'
  readonly ref: number
}
export interface LeaveRoom {
  readonly type: 'leave'
}

export type ClientMessage = Hello | JoinRoom | Command | Ping | LeaveRoom

export interface Welcome {
  readonly type: 'welcome'
  readonly version: number
  readonly capabilities: readonly string[]
  /** The program, as in `tamtam/0.1.0`. */
  readonly host: string
}
export interface JoinedRoom {
  readonly type: 'joined'
  readonly room: string
  readonly member: Member
  /** Who is there; in a crowd not all of them. */
  readonly members: readonly Member[]
  /** How many there are. */
  readonly count: number
  readonly topic: string
  /** Since when members' files are for those who look after the room, in milliseconds since 1970; left out while they are for everybody. */
  readonly collectingSince?: number
  /** Whoever comes in needs it; left out where there is none. */
  readonly hasPassword?: boolean
  /** Sequence of the room's newest entry. */
  readonly last: number
}
export interface EventBatch {
  readonly type: 'batch'
  readonly events: readonly RoomEvent[]
}
export interface CommandAck {
  readonly type: 'ack'
  readonly ref: number
  readonly seq: number
  readonly duplicate: boolean
}
export interface CommandRejected {
  readonly type: 'rejected'
  /** Left out where the hello, the join, or a command without one is refused. */
  readonly ref?: number
  readonly code: Code
  readonly message: string
}
export interface Pong {
  readonly type: 'pong'
  readonly ref: number
}
/** The host ends the connection. */
export interface Bye {
  readonly type: 'bye'
  readonly code: Code
  readonly message: string
}

export type HostMessage = Welcome | JoinedRoom | EventBatch | CommandAck | CommandRejected | Pong | Bye
