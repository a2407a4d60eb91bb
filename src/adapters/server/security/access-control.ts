import { endOfTick, pause } from '#domain/async/backoff.ts'
import { type Access, type AccessRequest, checkedAnswer, openToAll } from '#domain/engine/access.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected, tryLater } from '#domain/errors.ts'
import type { Cancel, Clock, Metrics } from '#domain/ports/system.ts'
import type { Role } from '#domain/room/events.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import type { RoomFacts } from '#domain/room/rules.ts'
import { Refused } from '#domain/session.ts'
import { personOf } from '../connection/key-registry.ts'
import { type Attempt, type FailedAttemptSettings, FailedAttempts } from './failed-attempts.ts'
import { type HostToken, type OwnerKey, sameSecret } from './host-token.ts'
import { LocalRoomAccess } from './room-access.ts'
import { DROP_ID_CHARS, type KeptDropLink, type RoomSecrets } from './room-secrets.ts'
import type { SignedLinkHolder, SignedLinks } from './signed-links.ts'

/** All credentials of a client. */
export interface Credentials {
  /** Its connection, for counting its attempts. */
  readonly connection: object
  readonly address: string
  /** For the host's rule: its token. */
  readonly credential?: string
  /** The member id that belongs to its key. */
  readonly person?: string
  /** For the room: its password, or an invitation. */
  readonly password?: string
  /** It is already a member of the room: no password is needed. */
  readonly inside?: boolean
  /** A link represents earlier credentials: an invitation, or the password that the room had at that time. */
  readonly link?: Pick<SignedLinkHolder, 'invited' | 'passwordId'>
  /** Headers of the request, for the rule. */
  readonly headers?: AccessRequest['headers']
  /** The id of a drop link, which replaces all other credentials for dropping files, and counts for nothing else. */
  readonly dropLink?: string
}

/** The right to enter a room. */
export interface Grant {
  readonly role?: Role
  /** The nick that the member gets, whatever it asks for. */
  readonly name?: string
  /** Identifies the person, in place of the key. */
  readonly person?: string
  /** It may enter a locked room, too. */
  readonly invited?: true
  /** The author of the invitation, until its holder has joined. */
  readonly inviter?: string
}

/** A grant, with its invitation. */
interface Found {
  readonly grant: Grant
  readonly code?: string
  /** The invitation must be claimed first. */
  readonly isUnused?: true
}

/** The rule's answer; undefined: refused without a reason. */
type Allowed = ReturnType<typeof checkedAnswer>
const isAllowed = (allowed: Allowed): allowed is Exclude<Allowed, Rejected | undefined> =>
  allowed !== undefined && !('code' in allowed)

/** Rooms checked in one turn of the event loop. */
const ROOMS_AT_ONCE = 500

/** Access in use, checked again whenever something has changed. */
interface Watch {
  readonly credentials: Credentials
  readonly room: string
  /** It began with an invitation, and ends with it. */
  readonly invited: boolean
  readonly ended: () => void
}

export interface AccessControlParts {
  readonly access: Access
  /** Left out for an open host. */
  readonly token?: HostToken
  readonly owner: OwnerKey
  readonly roomSecrets: RoomSecrets
  readonly signedLinks: SignedLinks
  readonly clock: Clock
  readonly metrics: Metrics
  readonly settings: FailedAttemptSettings
  /** Number of hosts that are alive, including this one: each allows its share of attempts. Left out: it is alone. */
  readonly hosts?: () => number
}

/** Access to rooms, the same for every server: credentials are checked only here. */
export class AccessControl {
  readonly #parts: AccessControlParts
  readonly #failedAttempts: FailedAttempts
  readonly #watches = new Set<Watch>()

  constructor(parts: AccessControlParts) {
    this.#parts = parts
    this.#failedAttempts = new FailedAttempts(parts.clock, parts.settings, parts.hosts)
  }

  /**
   * The grant for joining a room, by its normal name; undefined: as if it did not exist. Throws `Refused` after too many wrong attempts.
   */
  async enter(credentials: Credentials, room: string): Promise<Grant | undefined> {
    const { roomSecrets } = this.#parts
    await roomSecrets.caughtUp(room)
    for (;;) {
      const found = await this.#judge(credentials, room, 'join')
      const { person } = credentials
      if (found?.code === undefined || person === undefined) return found?.grant
      // If another person was faster, the remaining credentials count.
      if (found.isUnused !== true || (await roomSecrets.claim(found.code, room, person))) return found.grant
    }
  }

  /** The grant for a request that may see a room. Throws what `enter` throws. */
  async see(credentials: Credentials, room: string): Promise<Grant | undefined> {
    return (await this.#judge(credentials, room, 'see'))?.grant
  }

  /** The rooms among these that a request may see. Throws what `enter` throws: it is one attempt, however many rooms it tries. */
  async visible(credentials: Credentials, rooms: readonly string[]): Promise<ReadonlySet<string>> {
    const { clock, roomSecrets, owner, token } = this.#parts
    const { credential, inside = false, password, person } = credentials
    const startedAt = clock.elapsed()
    const isOwner = person !== undefined && owner.isOf(person)
    // The same for all rooms, and not free of cost.
    const isToken = isOwner || (token?.opens(credentials) ?? true)
    const ruleAttempt = isToken && !isOwner ? await this.#ruleAttempt(credentials) : undefined
    const seen = new Set<string>()
    const closed: string[] = []
    for (const [index, room] of rooms.entries()) {
      if (index % ROOMS_AT_ONCE === ROOMS_AT_ONCE - 1) await endOfTick(clock)
      const isPast = isOwner || (isToken && isAllowed(await this.#allowed(credentials, room)))
      if (isOwner || (isPast && (inside || !roomSecrets.wantsPassword(room)))) seen.add(room)
      else if (person !== undefined && roomSecrets.invites([credential, password], room, person, 'see')) seen.add(room)
      else if (isPast) closed.push(room)
    }
    if (seen.size > 0 || closed.length > 0) ruleAttempt?.right()
    if (password !== undefined && closed.length > 0) {
      const attempt = await this.#attempt('list', credentials)
      const before = seen.size
      for (const room of closed) if (await roomSecrets.opens(room, password)) seen.add(room)
      // Otherwise somebody could give their own room each password that they try on the others.
      if (seen.size - before === closed.length) attempt.right()
    }
    const isWrong = seen.size === 0 && rooms.length > 0 && (password !== undefined || credential !== undefined)
    if (isWrong) await this.#failed(credentials, startedAt)
    return seen
  }

  /** The role of a person in every room. */
  roleOf(person: string | undefined): 'owner' | undefined {
    return person !== undefined && this.#parts.owner.isOf(person) ? 'owner' : undefined
  }

  /** The facts about a member's room. */
  factsOf({ room, rules }: LocalSession): RoomFacts {
    return { ...rules, hasPassword: this.#parts.roomSecrets.wantsPassword(room) }
  }

  /** The secrets of a member's room. */
  roomAccess(session: LocalSession): RoomAccess {
    const { roomSecrets, signedLinks } = this.#parts
    return new LocalRoomAccess(session, roomSecrets, signedLinks, () => this.recheck())
  }

  /** The drop link in an address; undefined if it is not this host's, has expired, or was revoked. */
  dropLink(text: string): KeptDropLink | undefined {
    const { roomSecrets, signedLinks } = this.#parts
    const link = roomSecrets.dropLink(text.slice(0, DROP_ID_CHARS))
    return link !== undefined && sameSecret(signedLinks.dropLinkText(link), text) ? link : undefined
  }

  /** Calls `ended` when these credentials no longer admit to the room. Call the returned function to stop watching. */
  watch(credentials: Credentials, room: string, ended: () => void): Cancel {
    const code = this.#code(credentials, room)
    // If it cannot be kept at the moment, the inviter matters a little longer.
    if (code !== undefined) this.#parts.roomSecrets.joinedBy(code, room).catch(() => {})
    const watch = { credentials, room, invited: code !== undefined, ended }
    this.#watches.add(watch)
    // It may have ended during the join.
    this.#recheck(watch)
    return () => {
      this.#watches.delete(watch)
    }
  }

  /** Something has changed: ends access that is no longer valid (C124). */
  recheck(): void {
    for (const watch of [...this.#watches]) this.#recheck(watch)
  }

  #recheck(watch: Watch): void {
    const { credentials, room, invited, ended } = watch
    const found = this.#past(credentials, room, 'see')
    if (found !== 'asked' || invited) {
      if (found === undefined || found === 'asked' || (invited && found.code === undefined)) ended()
      return
    }
    const judge = (allowed: Allowed) => {
      if (!isAllowed(allowed) && this.#watches.has(watch)) ended()
    }
    const allowed = this.#allowed(credentials, room)
    // A failing rule admits nobody.
    if (allowed instanceof Promise) allowed.then(judge, () => judge(undefined))
    else judge(allowed)
  }

  /**
   * The holder of links made for a member, or for a request that may see the room; undefined if a link needs none. `linked` adds the
   * state of the room when a link is made.
   */
  holderOf(credentials: Credentials, room: string): SignedLinkHolder | undefined {
    const { credential, person } = credentials
    const code = this.#code(credentials, room)
    if (code !== undefined)
      return { credential: code, invited: true, ...(person === undefined ? {} : { member: person }) }
    return credential === undefined ? undefined : { credential }
  }

  /** The same for a link made now: without an invitation, it depends on the room's present password. */
  linked(holder: SignedLinkHolder | undefined, room: string): SignedLinkHolder | undefined {
    const passwordId = holder?.invited ? undefined : this.#parts.roomSecrets.passwordId(room)
    return passwordId === undefined ? holder : { ...holder, passwordId }
  }

  /** Whether these are credentials of the host itself, whatever its rooms require. */
  isKnown({ credential, person }: Pick<Credentials, 'credential' | 'person'>): boolean {
    const { owner, token } = this.#parts
    if (token === undefined || (person !== undefined && owner.isOf(person))) return true
    return token.opens(credential === undefined ? {} : { credential })
  }

  /** The same for a request, whose wrong attempts are slowed down. */
  async letsIn(credentials: Credentials): Promise<boolean> {
    const startedAt = this.#parts.clock.elapsed()
    if (this.isKnown(credentials)) return true
    if (credentials.credential !== undefined) await this.#failed(credentials, startedAt)
    return false
  }

  /** Whether a login with a name and a chosen password `isRight`: attempts are counted. Throws what `enter` throws. */
  async isRightLogin(credentials: Credentials, isRight: () => boolean): Promise<boolean> {
    const startedAt = this.#parts.clock.elapsed()
    const attempt = await this.#attempt('login', credentials)
    if (isRight()) attempt.right()
    else await this.#failed(credentials, startedAt)
    return isRight()
  }

  /** A connection with this many wrong attempts is closed. */
  isSpent({ connection }: Pick<Credentials, 'connection'>): boolean {
    return this.#failedAttempts.isSpent(connection)
  }

  /** Forgets records that are no longer needed. */
  sweep(): void {
    this.#failedAttempts.sweep()
  }

  async #judge(credentials: Credentials, room: string, how: 'join' | 'see'): Promise<Found | undefined> {
    const startedAt = this.#parts.clock.elapsed()
    const outcome = await this.#check(credentials, room, how)
    if (typeof outcome === 'object') return outcome
    if (outcome === 'wrong') await this.#failed(credentials, startedAt)
    return undefined
  }

  async #check(credentials: Credentials, room: string, how: 'join' | 'see'): Promise<Found | 'wrong' | 'closed'> {
    const { roomSecrets, token } = this.#parts
    const { credential, password, inside = false, link } = credentials
    if (credentials.dropLink !== undefined) {
      const grant = this.#drops(credentials.dropLink, room)
      return grant === undefined ? 'closed' : { grant }
    }
    // Nobody can guess our own secrets: the right one admits, whatever was tried before.
    const byKey = this.#byKey(credentials, room, how)
    if (byKey !== undefined) return byKey
    const refused = credential === undefined ? 'closed' : 'wrong'
    // A link by an invitation ends with it, even if others need none.
    if (link?.invited || token?.opens(credentials) === false) return refused
    const ruleAttempt = await this.#ruleAttempt(credentials)
    const allowed = await this.#allowed(credentials, room)
    if (!isAllowed(allowed)) {
      if (allowed !== undefined) throw new Refused(allowed)
      return refused
    }
    ruleAttempt?.right()
    const { person: as, ...given } = allowed
    const granted = as === undefined ? given : { ...given, person: personOf(`access ${as}`) }
    if (inside || !roomSecrets.wantsPassword(room) || link?.passwordId === roomSecrets.passwordId(room))
      return { grant: granted }
    if (password === undefined) return 'closed'
    const attempt = await this.#attempt(`room ${room}`, credentials)
    if (!(await roomSecrets.opens(room, password))) return 'wrong'
    attempt.right()
    return { grant: granted }
  }

  /** The invitation among these credentials. */
  #code(credentials: Credentials, room: string): string | undefined {
    const found = this.#past(credentials, room, 'see')
    return found === 'asked' ? undefined : found?.code
  }

  /** The ways past the host's rule: being its owner, or an invitation to this room. `asked`: the rule must decide. */
  #past(credentials: Credentials, room: string, how: 'join' | 'see'): Found | 'asked' | undefined {
    if (credentials.dropLink !== undefined) {
      const grant = this.#drops(credentials.dropLink, room)
      return grant && { grant }
    }
    const byKey = this.#byKey(credentials, room, how)
    if (byKey !== undefined) return byKey
    if (credentials.link?.invited) return undefined
    return (this.#parts.token?.opens(credentials) ?? true) ? 'asked' : undefined
  }

  #drops(id: string, room: string): Grant | undefined {
    return this.#parts.roomSecrets.dropLink(id)?.room === room ? {} : undefined
  }

  #byKey({ credential, password, person }: Credentials, room: string, how: 'join' | 'see'): Found | undefined {
    const { roomSecrets, owner } = this.#parts
    if (person === undefined) return undefined
    if (owner.isOf(person)) return { grant: { role: 'owner' } }
    const invited = roomSecrets.invites([credential, password], room, person, how)
    if (invited === undefined) return undefined
    const { code, inviter, isUnused } = invited
    const grant = { invited: true, ...(inviter === undefined ? {} : { inviter }) } as const
    return { grant, code, ...(isUnused === undefined ? {} : { isUnused }) }
  }

  /** The rule's answer, synchronously if the rule answers so. */
  #allowed({ address, credential, person, headers }: Credentials, room: string): Allowed | Promise<Allowed> {
    const answer = this.#parts.access({
      room,
      address,
      ...(credential === undefined ? {} : { credential }),
      ...(person === undefined ? {} : { person }),
      ...(headers === undefined ? {} : { headers }),
    })
    return answer instanceof Promise ? answer.then(checkedAnswer) : checkedAnswer(answer)
  }

  /** An embedder's rule may ask for a password that can be guessed. */
  async #ruleAttempt(credentials: Credentials): Promise<Attempt | undefined> {
    const { access } = this.#parts
    return access === openToAll || credentials.credential === undefined
      ? undefined
      : await this.#attempt('rule', credentials)
  }

  async #attempt(target: string, credentials: Credentials): Promise<Attempt> {
    const attempt = await this.#failedAttempts.next(target, credentials)
    if (typeof attempt === 'number') throw new Refused(tryLater(attempt))
    return attempt
  }

  /** A wrong answer never takes less time than this (C119). */
  async #failed(credentials: Credentials, startedAt: number): Promise<void> {
    const { clock, metrics, settings } = this.#parts
    this.#failedAttempts.wrong(credentials.connection)
    metrics.count('guesses_failed')
    const left = settings.guessFloorMs - (clock.elapsed() - startedAt)
    if (left > 0) await pause(clock, left)
  }
}

/** The same answer for missing and for forbidden rooms. */
export const notForYou: Rejected = rejected(
  'NOT_FOUND',
  'there is no such room for you; it may want a password (/join ROOM PASSWORD) or an invitation, or the host its token',
)
