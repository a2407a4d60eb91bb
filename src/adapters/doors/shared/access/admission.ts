import { type Access, openToAll } from '../../../../domain/engine/access.ts'
import type { LocalSession } from '../../../../domain/engine/local-session.ts'
import type { Cancel, Clock } from '../../../../domain/ports/clock.ts'
import type { Metrics } from '../../../../domain/ports/metrics.ts'
import { type Rejected, rejected, tryLater } from '../../../../domain/rejection.ts'
import { Refused } from '../../../../domain/session.ts'
import { type Guess, Guesses, type GuessSettings } from './guesses.ts'
import type { HostToken } from './host-token.ts'
import { LocalKeyDesk, type RoomKeyDesk } from './key-desk.ts'
import type { OwnerKey } from './owner-key.ts'
import type { RoomKeys } from './room-keys.ts'
import type { TicketHolder } from './tickets.ts'

/** Who somebody is, as far as they show. */
export interface Shown {
  /** What they came by, for its tries to be counted. */
  readonly connection: object
  readonly address: string
  /** What is for the host's rule: its token. */
  readonly credential?: string
  /** What their key stands for. */
  readonly person?: string
  /** What is for the room: its password, or an invitation. */
  readonly password?: string
  /** They are in the room already, or were when they were given what they show: no password is asked for. */
  readonly inside?: boolean
}

/** How somebody comes into a room. */
export interface Welcome {
  readonly role?: 'owner'
  /** Also where it is locked. */
  readonly invited?: true
}

/** Rooms that are looked at in one turn of the event loop. */
const ROOMS_AT_ONCE = 500

interface Stay {
  readonly shown: Shown
  readonly room: string
  readonly cut: () => void
}

export interface AdmissionParts {
  readonly access: Access
  /** Left out where the host is for whoever reaches it. */
  readonly token?: HostToken
  readonly owner: OwnerKey
  readonly keys: RoomKeys
  readonly clock: Clock
  readonly metrics: Metrics
  readonly settings: GuessSettings
}

/** Who comes in, the same at every door: what they show is looked at here, and nowhere else. */
export class Admission {
  readonly #parts: AdmissionParts
  readonly #guesses: Guesses
  readonly #stays = new Set<Stay>()

  constructor(parts: AdmissionParts) {
    this.#parts = parts
    this.#guesses = new Guesses(parts.clock, parts.settings)
  }

  /**
   * How somebody who wants to be a member comes into a room, called as rooms are; undefined: as if there were none. Throws `Refused` where
   * what they show is not looked at just now.
   */
  async enter(shown: Shown, room: string): Promise<Welcome | undefined> {
    const welcome = await this.#judge(shown, room, 'joining')
    if (welcome?.invited) await this.#parts.keys.kept()
    return welcome
  }

  /** Whether somebody may see a room, as a request does. Throws like `enter`. */
  async maySee(shown: Shown, room: string): Promise<boolean> {
    return (await this.#judge(shown, room, 'looking')) !== undefined
  }

  /** Which of these rooms somebody may see. Throws like `enter`: what they show is one try, however many rooms it is tried at. */
  async visible(shown: Shown, rooms: readonly string[]): Promise<ReadonlySet<string>> {
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
      if (index % ROOMS_AT_ONCE === ROOMS_AT_ONCE - 1) await new Promise<void>((resolve) => clock.soon(resolve))
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

  /** Whether a room asks whoever comes in for one. */
  hasPassword(room: string): boolean {
    return this.#parts.keys.wantsPassword(room)
  }

  /** What opens a member's room. */
  keysOf(session: LocalSession): RoomKeyDesk {
    return new LocalKeyDesk(session, this.#parts.keys, () => this.recheck())
  }

  /** `cut` hears when the access that somebody has to a room ends, until the answer is called. */
  stay(shown: Shown, room: string, cut: () => void): Cancel {
    const stay = { shown, room, cut }
    this.#stays.add(stay)
    return () => {
      this.#stays.delete(stay)
    }
  }

  /** Something has changed: whoever may not be here any more is cut off (C124). */
  recheck(): void {
    for (const { shown, room, cut } of [...this.#stays]) if (!this.#passes(shown, room, 'looking')) cut()
  }

  /** Whether somebody shows what the host itself asks for, whatever its rooms do. */
  isKnown({ credential, person }: Pick<Shown, 'credential' | 'person'>): boolean {
    const { owner, token } = this.#parts
    if (token === undefined || (person !== undefined && owner.isOf(person))) return true
    return token.opens(credential === undefined ? {} : { credential })
  }

  /** The same for a request, whose wrong tries take their time. */
  async letsIn(shown: Shown): Promise<boolean> {
    const began = this.#parts.clock.elapsed()
    if (this.isKnown(shown)) return true
    if (shown.credential !== undefined) await this.#failed(shown, began)
    return false
  }

  /** So much of what a connection showed was wrong that it ends. */
  isSpent({ connection }: Pick<Shown, 'connection'>): boolean {
    return this.#guesses.isSpent(connection)
  }

  /** Forgets what there is no need to remember. */
  sweep(): void {
    this.#guesses.sweep()
  }

  async #judge(shown: Shown, room: string, how: 'joining' | 'looking'): Promise<Welcome | undefined> {
    const began = this.#parts.clock.elapsed()
    const outcome = await this.#look(shown, room, how)
    if (typeof outcome === 'object') return outcome
    if (outcome === 'wrong') await this.#failed(shown, began)
    return undefined
  }

  async #look(shown: Shown, room: string, how: 'joining' | 'looking'): Promise<Welcome | 'wrong' | 'closed'> {
    const { keys, token } = this.#parts
    const { credential, password, inside = false } = shown
    // Nobody can guess what is ours: the right one opens whatever was shown before, and by whomever.
    const byKey = this.#byKey(shown, room, how)
    if (byKey !== undefined) return byKey
    const refused = credential === undefined ? 'closed' : 'wrong'
    if (token?.opens(shown) === false) return refused
    const ruleGuess = await this.#ruleGuess(shown)
    if (!this.#allows(shown, room)) return refused
    ruleGuess?.right()
    if (inside || !keys.wantsPassword(room)) return {}
    if (password === undefined) return 'closed'
    const guess = await this.#guess(`room ${room}`, shown)
    if (!(await keys.opens(room, password))) return 'wrong'
    guess.right()
    return {}
  }

  /** What gets past the host's rule: being its owner, an invitation to this room, or what the rule lets in. */
  #passes(shown: Shown, room: string, how: 'joining' | 'looking'): Welcome | undefined {
    const byKey = this.#byKey(shown, room, how)
    if (byKey !== undefined) return byKey
    return (this.#parts.token?.opens(shown) ?? true) && this.#allows(shown, room) ? {} : undefined
  }

  #byKey({ credential, password, person }: Shown, room: string, how: 'joining' | 'looking'): Welcome | undefined {
    const { keys, owner } = this.#parts
    if (person === undefined) return undefined
    if (owner.isOf(person)) return { role: 'owner' }
    return keys.invites([credential, password], room, person, how) ? { invited: true } : undefined
  }

  #allows({ address, credential, person }: Shown, room: string): boolean {
    return this.#parts.access({
      room,
      address,
      ...(credential === undefined ? {} : { credential }),
      ...(person === undefined ? {} : { person }),
    })
  }

  /** An embedder's rule may ask for what can be guessed. */
  async #ruleGuess(shown: Shown): Promise<Guess | undefined> {
    const { access } = this.#parts
    return access === openToAll || shown.credential === undefined ? undefined : await this.#guess('rule', shown)
  }

  async #guess(target: string, shown: Shown): Promise<Guess> {
    const guess = await this.#guesses.next(target, shown)
    if (typeof guess === 'number') throw new Refused(tryLater(guess))
    return guess
  }

  /** A wrong answer takes its time: it is never quicker than this (C119). */
  async #failed(shown: Shown, began: number): Promise<void> {
    const { clock, metrics, settings } = this.#parts
    this.#guesses.wrong(shown.connection)
    metrics.count('guesses_failed')
    const left = settings.guessFloorMs - (clock.elapsed() - began)
    if (left > 0) await new Promise<void>((resolve) => clock.after(left, resolve))
  }
}

/** What a link has to stand for that is made for somebody who came in so; nothing where nothing was shown. */
export function ticketHolder({ credential, person, password }: Shown, { invited }: Welcome): TicketHolder | undefined {
  if (invited === undefined) return credential === undefined ? undefined : { credential }
  const code = password ?? credential
  return { ...(code === undefined ? {} : { credential: code }), ...(person === undefined ? {} : { member: person }) }
}

/** What is not there, and what one may not enter: the same answer. */
export const notForYou: Rejected = rejected(
  'NOT_FOUND',
  'there is no such room for you; it may want a password (/join ROOM PASSWORD) or an invitation, or the host its token',
)
