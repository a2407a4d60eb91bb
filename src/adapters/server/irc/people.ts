import { createHash } from 'node:crypto'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Member } from '#domain/room/events.ts'
import { folded } from './codec.ts'

/** The host as a source of lines; nobody can have a name with a dot and this end that speaks for it. */
export const HOST_NAME = 'tamtam.irc'

const MOST_KNOWN = 20_000
/** With so many guests of a room, those who are gone are forgotten: until then lines of theirs may still be on their way. */
const MOST_GUESTS = 2000

/** A guest's name is an address, and a nick never looks like one. */
const isGuestName = (name: string): boolean => name.includes(':') || /^\d+(?:\.\d+){3}$/.test(name)

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
  /** User names of those who came over IRC, by member id. */
  readonly #users = new Map<string, { readonly name: string; connections: number }>()
  #count = 0
  readonly #hosts = new Map<string, string>()
  /** Clients in each room. */
  readonly #readers = new Map<string, number>()
  readonly #guests = new Map<string, Map<string, Guest>>()

  enter(id: string, user: string): void {
    const before = this.#users.get(id)
    this.#users.set(id, { name: before?.name ?? user, connections: (before?.connections ?? 0) + 1 })
    this.#count++
  }

  leave(id: string): void {
    const user = this.#users.get(id)
    if (user === undefined) return
    this.#count--
    if (--user.connections === 0) this.#users.delete(id)
  }

  /** How many are here over IRC. */
  get count(): number {
    return this.#count
  }

  userOf({ id }: Member): string {
    const user = this.#users.get(id)
    return user === undefined ? 'tamtam' : `~${user.name}`
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
