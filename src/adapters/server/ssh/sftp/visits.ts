import { type Rejected, rejected } from '#domain/errors.ts'
import { personOf } from '../../connection/key-registry.ts'
import type { RunParts } from '../parts.ts'
import { type MemberListener, QuietMember } from '../quiet-member.ts'

interface VisitsParts extends RunParts {
  readonly listener: MemberListener
  /** Whether something is open in a room: then it is not left. */
  readonly isUsed: (room: string) => boolean
}

const MOST_MADE = 64

/** The rooms that one client walks through: in each it is a quiet member, in a few at once. */
export class Visits {
  readonly #parts: VisitsParts
  /** The one that was used last is the last. */
  readonly #members = new Map<string, QuietMember>()
  /** Rooms that are there for this client, until its first file makes one. */
  readonly #made = new Set<string>()

  constructor(parts: VisitsParts) {
    this.#parts = parts
    this.#made.add(parts.identity.room)
  }

  /** Those that it may see, and its own: it has come in by that one's password. */
  async rooms(): Promise<ReadonlySet<string>> {
    return new Set([...(await visibleRooms(this.#parts, this.#made)), this.#parts.identity.room])
  }

  async has(room: string): Promise<boolean> {
    return this.#members.has(room) || (await this.rooms()).has(room)
  }

  /** From now on it is there for this client; false where it has made too many. */
  make(room: string): boolean {
    if (this.#made.size >= MOST_MADE) return false
    this.#made.add(room)
    return true
  }

  /** Comes into a room. A name that is no room's makes none. */
  async enter(room: string): Promise<QuietMember | Rejected> {
    const known = this.#members.get(room)
    if (known === undefined && !(await this.has(room))) return noSuchRoom
    this.#members.delete(room)
    const member = known ?? (await this.#come(room))
    if (member instanceof QuietMember) {
      this.#members.set(room, member)
      void member.client.charge(0)
    }
    return member
  }

  async close(): Promise<void> {
    const members = [...this.#members.values()]
    this.#members.clear()
    await Promise.all(members.map(({ client }) => client.close()))
  }

  async #come(room: string): Promise<QuietMember | Rejected> {
    const { parts, listener, isUsed } = this.#parts
    if (this.#members.size >= parts.ssh.roomsPerChannel) {
      const [oldest] = [...this.#members].filter(([name]) => !isUsed(name))
      if (oldest === undefined) return tooManyRooms
      this.#members.delete(oldest[0])
      await oldest[1].client.close()
    }
    const member = new QuietMember(this.#parts, listener)
    return (await member.join(room)) ?? member
  }
}

/**
 * The rooms that a client may see, and of these `others` too. A password is for the room that it came into: tried at all of them it would be a guess
 * at each.
 */
export async function visibleRooms(
  { identity, incoming, id, parts: { accessControl, engine } }: RunParts,
  others: Iterable<string> = [],
): Promise<ReadonlySet<string>> {
  const { key, credential } = identity
  const names = new Set([...(await engine.rooms()).map(({ name }) => name), ...others])
  const credentials = {
    ...{ connection: incoming.connection, address: incoming.address },
    person: key === undefined ? id : personOf(key),
    ...(credential === undefined ? {} : { credential }),
  }
  return await accessControl.visible(credentials, [...names])
}

const noSuchRoom = rejected('NOT_FOUND', 'there is no such room; mkdir makes one')
const tooManyRooms = rejected('TOO_MANY_ROOMS', 'files are open in too many rooms at once; close some first')
