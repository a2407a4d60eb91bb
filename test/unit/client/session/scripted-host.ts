import { sessionDefaults } from '#app/defaults.ts'
import { RemoteRoom, type RoomTarget } from '#client/session/remote-room.ts'
import type { MessageTransport, MessageTransportListener, OpenTransport } from '#client/session/transports.ts'
import type { Member, RoomEvent, Said } from '#domain/room/events.ts'
import type { ConnectionState } from '#domain/session.ts'
import { type ClientMessage, decodeClientMessage, encodeMessage, type HostMessage } from '#protocol/messages.ts'
import { ManualClock } from '#system/clock.ts'
import { CountingIds } from '#system/ids.ts'

export const ani: Member = { id: 'a1', name: 'ani' }
export const budi: Member = { id: 'b1', name: 'budi' }

export const said = (seq: number, text = `nr ${seq}`): Said => ({ type: 'said', seq, at: 0, by: budi, text })

/** One connection, seen from the host that a test plays, with real messages. */
export class ScriptedConnection implements MessageTransport {
  readonly heard: ClientMessage[] = []
  status: 'open' | 'ended' | 'dropped' = 'open'
  readonly #listener: MessageTransportListener

  constructor(listener: MessageTransportListener) {
    this.#listener = listener
  }

  send(bytes: Uint8Array): void {
    const message = decodeClientMessage(bytes)
    if (message.type === 'rejected') throw new Error(message.message)
    this.heard.push(message)
  }

  end(): void {
    this.status = 'ended'
  }

  drop(): void {
    this.status = 'dropped'
  }

  get commands(): readonly Extract<ClientMessage, { type: 'command' }>[] {
    return this.heard.filter((message) => message.type === 'command')
  }

  say(message: HostMessage): void {
    this.#listener.received(encodeMessage(message))
  }

  sayRaw(bytes: Uint8Array): void {
    this.#listener.received(bytes)
  }

  /** A part of a message came. */
  trickle(): void {
    this.#listener.heard()
  }

  cut(why = 'cut'): void {
    this.#listener.closed(why)
  }

  open(): void {
    this.#listener.opened()
  }

  welcome(): void {
    this.open()
    this.say({ type: 'welcome', version: 1, capabilities: [], host: 'tamtam/0' })
  }

  /** Lets the client in. */
  admit({ last = 0, members = [ani, budi], topic = '' } = {}): void {
    this.welcome()
    this.say({ type: 'joined', room: 'lobby', member: ani, members, count: members.length, topic, last })
  }
}

class TurningClock extends ManualClock {
  override soon(run: () => void): void {
    setImmediate(run)
  }
}

/** A place in a room whose host, clock and chance are the test's. */
export function scripted(wanted: Partial<RoomTarget> = {}, settings: Partial<typeof sessionDefaults> = {}) {
  const clock = new TurningClock()
  const connections: ScriptedConnection[] = []
  const open: OpenTransport = (listener) => {
    const connection = new ScriptedConnection(listener)
    connections.push(connection)
    return connection
  }
  const parts = { open, clock, ids: new CountingIds(), random: () => 1, settings: { ...sessionDefaults, ...settings } }
  const room = new RemoteRoom(parts, { room: 'lobby', key: 'ab'.repeat(16), name: 'ani', ...wanted })
  const events: RoomEvent[] = []
  const states: ConnectionState[] = []
  room.news$.subscribe((event) => events.push(event))
  room.state$.subscribe((state) => states.push(state))
  const newest = (): ScriptedConnection => {
    const connection = connections.at(-1)
    if (connection === undefined) throw new Error('nobody has connected')
    return connection
  }
  return { clock, connections, room, events, states, newest }
}

/** The same, and already in the room. */
export async function enteredRoom(
  wanted: Partial<RoomTarget> = {},
  settings: Partial<typeof sessionDefaults> = {},
  first: Parameters<ScriptedConnection['admit']>[0] = {},
) {
  const house = scripted(wanted, settings)
  const entered = house.room.enter()
  house.newest().admit(first)
  await entered
  await new Promise((resolve) => setImmediate(resolve))
  return house
}
