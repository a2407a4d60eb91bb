import { createHash } from 'node:crypto'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Member } from '#domain/room/events.ts'
import type { LineCapabilities } from './capabilities.ts'
import { folded } from './codec.ts'

const MOST_KNOWN = 20_000
/** With so many guests of a room, those who are gone are forgotten: until then lines of theirs may still be on their way. */
const MOST_GUESTS = 2000

/** A guest's name is an address, and a nick never looks like one. */
const isGuestName = (name: string): boolean => name.includes(':') || /^\d+(?:\.\d+){3}$/.test(name)

/** Clients that are gone, of which WHOWAS tells. */
const MOST_GONE = 100

/** A client of IRC, as others meet it. */
export interface IrcClient {
  readonly id: string
  readonly nick: string
  /** What it calls its user: a person's clients all as the first of them. */
  user: string
  readonly realName: string
  /** The name of its login; undefined where it has none. */
  readonly account: string | undefined
  /** Its capabilities. */
  readonly chosen: ReadonlySet<string>
  readonly capabilities: LineCapabilities
  readonly echoes: boolean
  /** Why it is away; undefined where it is not. */
  readonly away: string | undefined
  /** By room. */
  readonly channels: ReadonlyMap<string, unknown>
  /** Pending where it has not taken what it was told; undefined where it has. */
  readonly taken: Promise<void> | undefined
  /** When something last came from it, by the clock's `elapsed`. */
  readonly heardAt: number
  /** Milliseconds since 1970. */
  readonly signedOnAt: number
  /** Invitations that it was given, by room. */
  readonly invitations: Map<string, string>
  say(line: string): unknown
}

/** One that does not read just now is told nothing that others make up: it would wait in memory. */
export function tellUnlessBehind(client: IrcClient, line: string): boolean {
  if (client.taken === undefined) client.say(line)
  return client.taken === undefined
}

interface Gone {
  readonly nick: string
  readonly user: string
  readonly host: string
  readonly realName: string
  readonly at: number
}

interface Guest {
  readonly address: string
  readonly number: number
  isHere: boolean
}

/**
 * The names that members of rooms have on IRC, the same for all its clients. A nick is the nick. A guest is called by the address, in brackets that
 * no nick has: `[192-168-1-7]`, and the second one in a room `[192-168-1-7]2`.
 */
export class IrcPeople {
  /** Those who came over IRC, by member id: a person may have several clients. */
  readonly #clients = new Map<string, readonly [IrcClient, ...IrcClient[]]>()
  readonly #gone: Gone[] = []
  #whispers = 0
  /** The host as a source of lines: a mask of somebody has more in it than a name. */
  readonly hostName: string
  readonly #hosts = new Map<string, string>()
  /** Clients in each room. */
  readonly #readers = new Map<string, number>()
  readonly #guests = new Map<string, Map<string, Guest>>()

  constructor(hostName: string) {
    this.hostName = hostName
  }

  /** The number of a whisper between two who share no room. */
  nextWhisper(): number {
    return ++this.#whispers
  }

  enter(client: IrcClient): void {
    const [first, ...others] = [...(this.#clients.get(client.id) ?? []), client] as const
    client.user = first.user
    this.#clients.set(client.id, [first, ...others])
  }

  leave(client: IrcClient): void {
    const [first, ...others] = (this.#clients.get(client.id) ?? []).filter((each) => each !== client)
    if (first === undefined) this.#clients.delete(client.id)
    else this.#clients.set(client.id, [first, ...others])
  }

  /** It has left the host. */
  remember({ id, nick, user, realName }: IrcClient, at: number): void {
    this.#gone.push({ nick, user: `~${user}`, host: this.hostOf({ id, name: nick }), realName, at })
    if (this.#gone.length > MOST_GONE) this.#gone.shift()
  }

  /** Those of that nick who have left the host, the last one first. */
  gone(nick: string): readonly Gone[] {
    return this.#gone.filter((each) => folded(each.nick) === folded(nick)).toReversed()
  }

  /** How many are here over IRC. */
  get count(): number {
    let count = 0
    for (const clients of this.#clients.values()) count += clients.length
    return count
  }

  clientsOf(id: string): readonly IrcClient[] {
    return this.#clients.get(id) ?? []
  }

  /** The clients of that nick, whatever rooms they are in. */
  called(nick: string): readonly IrcClient[] {
    const wanted = folded(nick)
    for (const clients of this.#clients.values()) if (folded(clients[0].nick) === wanted) return clients
    return []
  }

  /** The clients that are in one of these rooms and have this capability. */
  *having(capability: string, rooms: Iterable<string>): Iterable<IrcClient> {
    const wanted = [...rooms]
    for (const clients of this.#clients.values())
      for (const client of clients)
        if (client.chosen.has(capability) && wanted.some((room) => client.channels.has(room))) yield client
  }

  userOf({ id }: Member): string {
    const [client] = this.#clients.get(id) ?? []
    return client === undefined ? 'tamtam' : `~${client.user}`
  }

  /** What somebody over IRC calls themselves at length; of others their name. */
  realNameOf({ id, name }: Member): string {
    const [client] = this.#clients.get(id) ?? []
    return client === undefined || client.realName === '' ? name : client.realName
  }

  /** Undefined where somebody is not logged in over IRC. */
  accountOf({ id }: Member): string | undefined {
    return this.#clients.get(id)?.[0].account
  }

  /** Never an address: ten digits that stand for the member. */
  hostOf({ id }: Member): string {
    const known = this.#hosts.get(id)
    if (known !== undefined) return known
    const digits = createHash('sha256').update(id).digest().readUIntBE(0, 6) % 10_000_000_000
    const host = `${String(digits).padStart(10, '0')}.tamtam`
    if (this.#hosts.size >= MOST_KNOWN) this.#hosts.clear()
    this.#hosts.set(id, host)
    return host
  }

  /** `nick!user@host`. */
  maskOf(member: Member, room: string): string {
    return `${this.nickOf(member, room)}!${this.userOf(member)}@${this.hostOf(member)}`
  }

  nickOf({ id, name }: Member, room: string): string {
    if (!isGuestName(name)) return name
    const number = this.#guests.get(room)?.get(id)?.number ?? 1
    return `[${name.replace(/[^0-9A-Za-z]+/g, '-')}]${number === 1 ? '' : number}`
  }

  /** A member is in the room: a guest gets the first number that no other of that address has. */
  arrived({ id, name: address }: Member, room: string): void {
    if (!isGuestName(address)) return
    const guests = this.#guests.get(room) ?? new Map<string, Guest>()
    this.#guests.set(room, guests)
    if (guests.get(id)?.isHere === true) return
    const taken = new Set<number>()
    for (const guest of guests.values()) if (guest.isHere && guest.address === address) taken.add(guest.number)
    let number = 1
    while (taken.has(number)) number++
    guests.delete(id)
    guests.set(id, { address, number, isHere: true })
  }

  left({ id }: Member, room: string): void {
    const guests = this.#guests.get(room)
    const guest = guests?.get(id)
    if (guests === undefined || guest === undefined) return
    guest.isHere = false
    if (guests.size < MOST_GUESTS) return
    for (const [before, { isHere }] of guests) if (!isHere) guests.delete(before)
  }

  /** A client has joined a room: its guests have names until the last client has left it. */
  opened(room: string): void {
    this.#readers.set(room, (this.#readers.get(room) ?? 0) + 1)
  }

  closed(room: string): void {
    const left = (this.#readers.get(room) ?? 1) - 1
    if (left > 0) this.#readers.set(room, left)
    else {
      this.#readers.delete(room)
      this.#guests.delete(room)
    }
  }

  /** The member of a room who is called so on IRC. */
  find(nick: string, { members, room }: LocalSession): Member | undefined {
    const wanted = folded(nick)
    return members.find((member) => folded(this.nickOf(member, room)) === wanted)
  }
}
