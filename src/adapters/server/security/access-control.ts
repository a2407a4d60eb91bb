import { endOfTick, pause } from '#domain/async/backoff.ts'
import { type Access, openToAll } from '#domain/engine/access.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected, tryLater } from '#domain/errors.ts'
import type { Cancel, Clock } from '#domain/ports/clock.ts'
import type { Metrics } from '#domain/ports/metrics.ts'
import { Refused } from '#domain/session.ts'
import { type Attempt, type FailedAttemptSettings, FailedAttempts } from './failed-attempts.ts'
import type { HostToken } from './host-token.ts'
import type { OwnerKey } from './owner-key.ts'
import { LocalRoomAccess, type RoomAccess } from './room-access.ts'
import type { RoomSecrets } from './room-secrets.ts'
import type { SignedLinkHolder } from './signed-links.ts'

/** Who somebody is, as far as they show. */
export interface Credentials {
  /** What they came by, for its tries to be counted. */
  readonly connection: object
  readonly address: string
  /** What is for the host's rule: its token. */
  readonly credential?: string
  /** What their key stands for. */
  readonly person?: string
  /** What is for the room: its password, or an invitation. */
  readonly password?: string
  /** They are in the room already: no password is asked for. */
  readonly inside?: boolean
  /** A link that stands for what they had shown: by an invitation, or under the password that the room had then. */
  readonly link?: Pick<SignedLinkHolder, 'invited' | 'passwordId'>
}

/** How somebody comes into a room. */
export interface Grant {
  readonly role?: 'owner'
  /** Also where it is locked. */
  readonly invited?: true
  /** The person who asked them in, until they have come in by it. */
  readonly inviter?: string
}

/** What is found of what somebody shows: `code` is the invitation by which they come. */
interface Found {
  readonly grant: Grant
  readonly code?: string
}

/** Rooms that are looked at in one turn of the event loop. */
const ROOMS_AT_ONCE = 500

interface Stay {
  readonly shown: Credentials
  readonly room: string
  /** It began by an invitation, and ends with it. */
  readonly invited: boolean
  readonly cut: () => void
}

export interface AccessControlParts {
  readonly access: Access
  /** Left out where the host is for whoever reaches it. */
  readonly token?: HostToken
  readonly owner: OwnerKey
  readonly keys: RoomSecrets
  readonly clock: Clock
  readonly metrics: Metrics
  readonly settings: FailedAttemptSettings
}

/** Who comes in, the same at every door: what they show is looked at here, and nowhere else. */
export class AccessControl {
  readonly #parts: AccessControlParts
  readonly #failedAttempts: FailedAttempts
  readonly #stays = new Set<Stay>()

  constructor(parts: AccessControlParts) {
    this.#parts = parts
    this.#failedAttempts = new FailedAttempts(parts.clock, parts.settings)
  }

  /**
   * How somebody who wants to be a member comes into a room, called as rooms are; undefined: as if there were none. Throws `Refused` where
   * what they show is not looked at just now.
   */
  async enter(shown: Credentials, room: string): Promise<Grant | undefined> {
    const grant = await this.#judge(shown, room, 'joining')
    if (grant?.invited) await this.#parts.keys.kept()
    return grant
  }

  /** Whether somebody may see a room, as a request does. Throws like `enter`. */
  async maySee(shown: Credentials, room: string): Promise<boolean> {
    return (await this.#judge(shown, room, 'looking')) !== undefined
  }

  /** Which of these rooms somebody may see. Throws like `enter`: what they show is one try, however many rooms it is tried at. */
  async visible(shown: Credentials, rooms: readonly string[]): Promise<ReadonlySet<string>> {
    const { clock, keys, owner, token } = this.#parts
    const { credential, inside = false, password, person } = shown
    const began = clock.elapsed()
    const isOwner = person !== undefined && owner.isOf(person)
    // The same for all rooms, and not for nothing.
    const isToken = isOwner || (token?.opens(shown) ?? true)
    const ruleGuess = isToken && !isOwner ? await this.#ruleGuess(shown) : undefined
    const seen = new Set<string>()
    const closed: string[] = []
    for (const [index, room] of rooms.entries()) {
      if (index % ROOMS_AT_ONCE === ROOMS_AT_ONCE - 1) await endOfTick(clock)
      const isPast = isOwner || (isToken && this.#allows(shown, room))
      if (isOwner || (isPast && (inside || !keys.wantsPassword(room)))) seen.add(room)
      else if (person !== undefined && keys.invites([credential, password], room, person, 'looking')) seen.add(room)
      else if (isPast) closed.push(room)
    }
    if (seen.size > 0 || closed.length > 0) ruleGuess?.right()
    if (password !== undefined && closed.length > 0) {
      const guess = await this.#guess('list', shown)
      let isRight = false
      for (const room of closed) {
        if (!(await keys.opens(room, password))) continue
        isRight = true
        seen.add(room)
      }
      if (isRight) guess.right()
    }
    const isWrong = seen.size === 0 && rooms.length > 0 && (password !== undefined || credential !== undefined)
    if (isWrong) await this.#failed(shown, began)
    return seen
  }

  /** The role that a person has in every room. */
  roleOf(person: string | undefined): 'owner' | undefined {
    return person !== undefined && this.#parts.owner.isOf(person) ? 'owner' : undefined
  }

  /** Whether a room asks whoever comes in for one. */
  hasPassword(room: string): boolean {
    return this.#parts.keys.wantsPassword(room)
  }

  /** What opens a member's room. */
  roomAccess(session: LocalSession): RoomAccess {
    return new LocalRoomAccess(session, this.#parts.keys, () => this.recheck())
  }

  /** `cut` hears when the access that somebody has to a room ends, until the answer is called. */
  stay(shown: Credentials, room: string, cut: () => void): Cancel {
    const code = this.#passes(shown, room, 'looking')?.code
    if (code !== undefined) this.#parts.keys.cameIn(code)
    const stay = { shown, room, invited: code !== undefined, cut }
    this.#stays.add(stay)
    // It may have ended while they were coming in.
    this.#recheck(stay)
    return () => {
      this.#stays.delete(stay)
    }
  }

  /** Something has changed: whoever may not be here any more is cut off (C124). */
  recheck(): void {
    for (const stay of [...this.#stays]) this.#recheck(stay)
  }

  #recheck({ shown, room, invited, cut }: Stay): void {
    const found = this.#passes(shown, room, 'looking')
    if (found === undefined || (invited && found.code === undefined)) cut()
  }

  /**
   * What a link has to stand for that is made for somebody who is in a room, or may see it, by what they show; undefined where it needs
   * nothing to. What is added to it as things stand when a link is made: `linked`.
   */
  holderOf(shown: Credentials, room: string): SignedLinkHolder | undefined {
    const { credential, person } = shown
    const code = this.#passes(shown, room, 'looking')?.code
    if (code !== undefined)
      return { credential: code, invited: true, ...(person === undefined ? {} : { member: person }) }
    return credential === undefined ? undefined : { credential }
  }

  /** The same for a link that is made now: who is in by no invitation is in under the password that the room has. */
  linked(holder: SignedLinkHolder | undefined, room: string): SignedLinkHolder | undefined {
    const passwordId = holder?.invited ? undefined : this.#parts.keys.passwordId(room)
    return passwordId === undefined ? holder : { ...holder, passwordId }
  }

  /** Whether somebody shows what the host itself asks for, whatever its rooms do. */
  isKnown({ credential, person }: Pick<Credentials, 'credential' | 'person'>): boolean {
    const { owner, token } = this.#parts
    if (token === undefined || (person !== undefined && owner.isOf(person))) return true
    return token.opens(credential === undefined ? {} : { credential })
  }

  /** The same for a request, whose wrong tries take their time. */
  async letsIn(shown: Credentials): Promise<boolean> {
    const began = this.#parts.clock.elapsed()
    if (this.isKnown(shown)) return true
    if (shown.credential !== undefined) await this.#failed(shown, began)
    return false
  }

  /** So much of what a connection showed was wrong that it ends. */
  isSpent({ connection }: Pick<Credentials, 'connection'>): boolean {
    return this.#failedAttempts.isSpent(connection)
  }

  /** Forgets what there is no need to remember. */
  sweep(): void {
    this.#failedAttempts.sweep()
  }

  async #judge(shown: Credentials, room: string, how: 'joining' | 'looking'): Promise<Grant | undefined> {
    const began = this.#parts.clock.elapsed()
    const outcome = await this.#look(shown, room, how)
    if (typeof outcome === 'object') return outcome
    if (outcome === 'wrong') await this.#failed(shown, began)
    return undefined
  }

  async #look(shown: Credentials, room: string, how: 'joining' | 'looking'): Promise<Grant | 'wrong' | 'closed'> {
    const { keys, token } = this.#parts
    const { credential, password, inside = false, link } = shown
    // Nobody can guess what is ours: the right one opens whatever was shown before, and by whomever.
    const byKey = this.#byKey(shown, room, how)
    if (byKey !== undefined) return byKey.grant
    const refused = credential === undefined ? 'closed' : 'wrong'
    // A link by an invitation ends with it, also where others need none.
    if (link?.invited || token?.opens(shown) === false) return refused
    const ruleGuess = await this.#ruleGuess(shown)
    if (!this.#allows(shown, room)) return refused
    ruleGuess?.right()
    if (inside || !keys.wantsPassword(room) || link?.passwordId === keys.passwordId(room)) return {}
    if (password === undefined) return 'closed'
    const guess = await this.#guess(`room ${room}`, shown)
    if (!(await keys.opens(room, password))) return 'wrong'
    guess.right()
    return {}
  }

  /** What gets past the host's rule: being its owner, an invitation to this room, or what the rule lets in. */
  #passes(shown: Credentials, room: string, how: 'joining' | 'looking'): Found | undefined {
    const byKey = this.#byKey(shown, room, how)
    if (byKey !== undefined) return byKey
    if (shown.link?.invited) return undefined
    return (this.#parts.token?.opens(shown) ?? true) && this.#allows(shown, room) ? { grant: {} } : undefined
  }

  #byKey({ credential, password, person }: Credentials, room: string, how: 'joining' | 'looking'): Found | undefined {
    const { keys, owner } = this.#parts
    if (person === undefined) return undefined
    if (owner.isOf(person)) return { grant: { role: 'owner' } }
    const invited = keys.invites([credential, password], room, person, how)
    if (invited === undefined) return undefined
    const { code, inviter } = invited
    return { grant: { invited: true, ...(inviter === undefined ? {} : { inviter }) }, code }
  }

  #allows({ address, credential, person }: Credentials, room: string): boolean {
    return this.#parts.access({
      room,
      address,
      ...(credential === undefined ? {} : { credential }),
      ...(person === undefined ? {} : { person }),
    })
  }

  /** An embedder's rule may ask for what can be guessed. */
  async #ruleGuess(shown: Credentials): Promise<Attempt | undefined> {
    const { access } = this.#parts
    return access === openToAll || shown.credential === undefined ? undefined : await this.#guess('rule', shown)
  }

  async #guess(target: string, shown: Credentials): Promise<Attempt> {
    const guess = await this.#failedAttempts.next(target, shown)
    if (typeof guess === 'number') throw new Refused(tryLater(guess))
    return guess
  }

  /** A wrong answer takes its time: it is never quicker than this (C119). */
  async #failed(shown: Credentials, began: number): Promise<void> {
    const { clock, metrics, settings } = this.#parts
    this.#failedAttempts.wrong(shown.connection)
    metrics.count('guesses_failed')
    const left = settings.guessFloorMs - (clock.elapsed() - began)
    if (left > 0) await pause(clock, left)
  }
}

/** What is not there, and what one may not enter: the same answer. */
export const notForYou: Rejected = rejected(
  'NOT_FOUND',
  'there is no such room for you; it may want a password (/join ROOM PASSWORD) or an invitation, or the host its token',
)
