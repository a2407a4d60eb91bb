import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { SecretRefused, type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { DropLink, Invitation, KeptInvitation, RoomAccess } from '#domain/room/room-access.ts'
import { newSecret, sameSecret } from './host-token.ts'

export interface RoomSecretSettings {
  /** An invitation that nobody has used ends after this long. */
  readonly inviteMs: number
  /** A person who has used one may come back by it for this long. */
  readonly invitedMs: number
  /** Invitations to one room that hold, used or not. */
  readonly invitationsPerRoom: number
  /** A drop link without a time of its own ends after this long; none lasts longer than `mostDropLinkMs`. */
  readonly dropLinkMs: number
  readonly mostDropLinkMs: number
  readonly dropLinksPerRoom: number
  /** The path below which the host's addresses are; empty for none. */
  readonly basePath: string
}

/** An invitation that holds for a person. */
export interface Invited {
  readonly code: string
  /** Its author, until a person has joined by it. */
  readonly inviter?: string
}

const password = v.object({ salt: v.string(), hash: v.string() })
const invitation = v.object({
  room: v.string(),
  expiresAt: v.number(),
  usedBy: v.exactOptional(v.string()),
  inviter: v.exactOptional(v.string()),
})
const dropLink = v.object({ room: v.string(), expiresAt: v.number() })
const kept = v.object({
  passwords: v.record(v.string(), password),
  invitations: v.record(v.string(), invitation),
  dropLinks: v.optional(v.record(v.string(), dropLink), {}),
})

type Password = v.InferOutput<typeof password>
type Kept = v.InferOutput<typeof invitation>
/** A drop link without its signature. */
export type KeptDropLink = v.InferOutput<typeof dropLink> & { readonly id: string }

const HASH_BYTES = 32
/** Few enough to be typed; they let nobody in. */
const ID_DIGITS = 8
export const DROP_ID_CHARS = ID_DIGITS
const hashed = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * The secrets that open rooms beside the host's own rule: passwords, kept as slow and salted hashes, and invitations, kept as digests,
 * each for one person.
 */
export class RoomSecrets {
  readonly #secretStore: SecretStore
  readonly #clock: Clock
  readonly #settings: RoomSecretSettings
  #passwords = new Map<string, Password>()
  #invitations = new Map<string, Kept>()
  readonly #dropLinks = new Map<string, v.InferOutput<typeof dropLink>>()
  /** Once a password was right, others are compared with it: the slow hash is against thieves of the file. */
  readonly #proved = new Map<string, string>()
  /** Somebody has used an invitation, and the file does not say so yet. */
  #hasUnkept = false
  /** Writing takes its time: one after the other, so that the last change is the one that holds. */
  readonly #inTurn = new SerialQueue()
  /** The same of passwords, which are hashed first: setting many keeps nobody from joining by an invitation. */
  readonly #onePassword = new SerialQueue()
  /** One hash at a time: files are read and written by the same few threads. */
  readonly #oneHash = new SerialQueue()

  constructor(secretStore: SecretStore, clock: Clock, settings: RoomSecretSettings) {
    this.#secretStore = secretStore
    this.#clock = clock
    this.#settings = settings
  }

  /** To be awaited before any other. Rejects where the file can't be understood: a room must not open by that. */
  async open(): Promise<void> {
    const text = await this.#secretStore.read('rooms')
    if (text === undefined) return
    const { passwords, invitations, dropLinks } = readKept(text)
    for (const [id, link] of Object.entries(dropLinks)) this.#dropLinks.set(id, link)
    this.#passwords = new Map(Object.entries(passwords))
    this.#invitations = new Map(Object.entries(invitations))
  }

  wantsPassword(room: string): boolean {
    return this.#passwords.has(room)
  }

  /** Names the password that a room has now, also after a restart: a new one has a new name, even where it is the same word. */
  passwordId(room: string): string | undefined {
    return this.#passwords.get(room)?.salt
  }

  /**
   * Sets the room's password, or with nothing takes it away. Members stay members. Resolves once it is kept; false where there was
   * none to take away.
   */
  setPassword(room: string, word: string | undefined): Promise<boolean> {
    return this.#onePassword.run(async () => {
      const password = word === undefined ? undefined : await saltedHash(word)
      return await this.#inTurn.run(async () => {
        const passwords = new Map(this.#passwords)
        if (password !== undefined) passwords.set(room, password)
        else if (!passwords.delete(room)) return false
        await this.#write(passwords, this.#invitations)
        this.#passwords = passwords
        this.#proved.delete(room)
        return true
      })
    })
  }

  async opens(room: string, word: string): Promise<boolean> {
    const password = this.#passwords.get(room)
    if (password === undefined) return true
    const proved = this.#proved.get(room)
    if (proved !== undefined) return sameSecret(proved, word)
    const hash = await this.#oneHash.run(() => hashed(word, Buffer.from(password.salt, 'hex'), HASH_BYTES))
    const right = timingSafeEqual(hash, Buffer.from(password.hash, 'hex'))
    if (right && this.#passwords.get(room) === password) this.#proved.set(room, word)
    return right
  }

  /** An invitation for one person, which ends where its inviter is banned. Resolves once it is kept; undefined where the room has too many. */
  invite(room: string, inviter: string): Promise<Invitation | undefined> {
    const code = newSecret()
    const expiresAt = this.#clock.now() + this.#settings.inviteMs
    const digest = digestOf(code)
    const kept = { room, expiresAt, inviter }
    return this.#inTurn.run(async () => {
      if (this.#holding(room).length >= this.#settings.invitationsPerRoom) return undefined
      await this.#write(this.#passwords, new Map(this.#invitations).set(digest, kept))
      this.#invitations.set(digest, kept)
      return { room, id: idOf(digest), code, expiresAt }
    })
  }

  /** The invitations to a room that hold, the oldest first. */
  invitations(room: string): readonly KeptInvitation[] {
    return this.#holding(room).map(([digest, { expiresAt, usedBy }]) => ({
      id: idOf(digest),
      expiresAt,
      used: usedBy !== undefined,
    }))
  }

  #holding(room: string): readonly (readonly [digest: string, kept: Kept])[] {
    return [...this.#invitations].filter(([, kept]) => kept.room === room && kept.expiresAt > this.#clock.now())
  }

  /** Ends an invitation, used or not. Resolves once that is kept; false where the room has none of this id. */
  revoke(room: string, id: string): Promise<boolean> {
    return this.#inTurn.run(async () => {
      const found = [...this.#invitations].find(([digest, kept]) => kept.room === room && idOf(digest) === id)
      if (found === undefined) return false
      const invitations = new Map(this.#invitations)
      invitations.delete(found[0])
      await this.#write(this.#passwords, invitations)
      this.#invitations.delete(found[0])
      return true
    })
  }

  /** The first of these words that is an invitation to the room and this person's. Joining by a new one makes it theirs. */
  invites(
    words: readonly (string | undefined)[],
    room: string,
    person: string,
    how: 'join' | 'see',
  ): Invited | undefined {
    for (const code of words) {
      const digest = code === undefined ? '' : digestOf(code)
      const found = this.#invitations.get(digest)
      if (code === undefined || found?.room !== room || found.expiresAt <= this.#clock.now()) continue
      if (found.usedBy === undefined && how === 'join') {
        const expiresAt = this.#clock.now() + this.#settings.invitedMs
        this.#invitations.set(digest, { ...found, expiresAt, usedBy: person })
        this.#hasUnkept = true
      } else if (found.usedBy !== person) continue
      return { code, ...(found.inviter === undefined ? {} : { inviter: found.inviter }) }
    }
    return undefined
  }

  /** Its holder has joined by it: from now on the inviter does not matter any more. */
  joinedBy(code: string): void {
    const digest = digestOf(code)
    const found = this.#invitations.get(digest)
    if (found?.inviter === undefined) return
    const { inviter: _, ...rest } = found
    this.#invitations.set(digest, rest)
    this.#hasUnkept = true
    // Where it can't be kept just now, it is with the next change.
    this.kept().catch(() => {})
  }

  /** Resolves when no used invitation could be used again after a crash. */
  kept(): Promise<void> {
    return this.#inTurn.run(async () => {
      if (this.#hasUnkept) await this.#write(this.#passwords, this.#invitations)
    })
  }

  /** Resolves once it is kept; undefined where the room has too many. */
  get basePath(): string {
    return this.#settings.basePath
  }

  addDropLink(room: string, ms = this.#settings.dropLinkMs): Promise<KeptDropLink | undefined> {
    const expiresAt = this.#clock.now() + Math.min(ms, this.#settings.mostDropLinkMs)
    return this.#inTurn.run(async () => {
      if (this.dropLinks(room).length >= this.#settings.dropLinksPerRoom) return undefined
      const id = randomBytes(ID_DIGITS / 2).toString('hex')
      const link = { room, expiresAt }
      await this.#write(this.#passwords, this.#invitations, new Map(this.#dropLinks).set(id, link))
      this.#dropLinks.set(id, link)
      return { id, ...link }
    })
  }

  /** Those of a room that are valid, the oldest first. */
  dropLinks(room: string): readonly KeptDropLink[] {
    return [...this.#dropLinks.keys()].flatMap((id) => this.dropLink(id) ?? []).filter((link) => link.room === room)
  }

  dropLink(id: string): KeptDropLink | undefined {
    const link = this.#dropLinks.get(id)
    return link === undefined || link.expiresAt <= this.#clock.now() ? undefined : { id, ...link }
  }

  /** Resolves once that is kept; false where the room has none of this id. */
  revokeDropLink(room: string, id: string): Promise<boolean> {
    return this.#inTurn.run(async () => {
      if (this.#dropLinks.get(id)?.room !== room) return false
      const dropLinks = new Map(this.#dropLinks)
      dropLinks.delete(id)
      await this.#write(this.#passwords, this.#invitations, dropLinks)
      this.#dropLinks.delete(id)
      return true
    })
  }

  /** A change is written before it counts: one that could not be kept does not hold. */
  async #write(
    passwords: ReadonlyMap<string, Password>,
    invitations: ReadonlyMap<string, Kept>,
    dropLinks: ReadonlyMap<string, v.InferOutput<typeof dropLink>> = this.#dropLinks,
  ): Promise<void> {
    const now = this.#clock.now()
    for (const [digest, { expiresAt }] of this.#invitations) if (expiresAt <= now) this.#invitations.delete(digest)
    const current = [...invitations].filter(([, { expiresAt }]) => expiresAt > now)
    for (const [id, { expiresAt }] of this.#dropLinks) if (expiresAt <= now) this.#dropLinks.delete(id)
    const links = [...dropLinks].filter(([, { expiresAt }]) => expiresAt > now)
    const text = JSON.stringify({
      passwords: Object.fromEntries(passwords),
      invitations: Object.fromEntries(current),
      ...(links.length === 0 ? {} : { dropLinks: Object.fromEntries(links) }),
    })
    this.#hasUnkept = false
    try {
      await this.#secretStore.write('rooms', text)
    } catch (error) {
      this.#hasUnkept = true
      throw error
    }
  }
}

/** The same at the host of the room. */
export class LocalRoomAccess implements RoomAccess {
  readonly #session: LocalSession
  readonly #secrets: RoomSecrets
  readonly #signatures: LinkSignatures
  readonly #revoked: () => void

  /** `revoked` is called when a member may have to go. */
  constructor(session: LocalSession, secrets: RoomSecrets, signatures: LinkSignatures, revoked: () => void) {
    this.#session = session
    this.#secrets = secrets
    this.#signatures = signatures
    this.#revoked = revoked
  }

  async setPassword(word: string | undefined): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('setPassword') ?? (word === undefined ? undefined : passwordFault(word))
    if (why !== undefined) return why
    // It is kept before the room is told, and holds also where the room can keep nothing just now.
    const changed = await onceKept(this.#secrets.setPassword(this.#session.room, word))
    if (typeof changed !== 'boolean') return changed
    if (changed) await this.#session.tellPassword(word !== undefined)
    return undefined
  }

  async invite(): Promise<Invitation | Rejected> {
    const { room, person } = this.#session
    return (
      this.#session.refusalTo('invite') ?? (await onceKept(this.#secrets.invite(room, person))) ?? tooManyInvitations
    )
  }

  async invitations(): Promise<readonly KeptInvitation[] | Rejected> {
    return this.#session.refusalTo('invite') ?? this.#secrets.invitations(this.#session.room)
  }

  async revoke(id: string): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    const found = await onceKept(this.#secrets.revoke(this.#session.room, id))
    if (typeof found !== 'boolean') return found
    if (!found) return noSuchInvitation
    this.#revoked()
    return undefined
  }

  async addDropLink(seconds?: number): Promise<DropLink | Rejected> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    if (seconds === 0) return endless
    const ms = seconds === undefined ? undefined : seconds * 1000
    const made = (await onceKept(this.#secrets.addDropLink(this.#session.room, ms))) ?? tooManyDropLinks
    return 'message' in made ? made : this.#signed(made)
  }

  async dropLinks(): Promise<readonly DropLink[] | Rejected> {
    const links = this.#secrets.dropLinks(this.#session.room)
    return this.#session.refusalTo('invite') ?? links.map((link) => this.#signed(link))
  }

  async revokeDropLink(id: string): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    const found = await onceKept(this.#secrets.revokeDropLink(this.#session.room, id))
    if (typeof found !== 'boolean') return found
    if (!found) return noSuchLink
    this.#revoked()
    return undefined
  }

  #signed(link: KeptDropLink): DropLink {
    return {
      id: link.id,
      path: `${this.#secrets.basePath}/drop/${dropLinkText(link, this.#signatures)}/`,
      expiresAt: link.expiresAt,
    }
  }
}

/** Makes a name of a text that only this host makes, the same after a restart (`SignedLinks`). */
export interface LinkSignatures {
  pseudonymOf(text: string): string
}

/** What stands in the address of a drop link: its id, and a signature in hexadecimal digits, since clients of the seed look for words. */
export function dropLinkText({ id, room, expiresAt }: KeptDropLink, signatures: LinkSignatures): string {
  const signature = signatures.pseudonymOf(`drop\n${id}\n${room}\n${expiresAt}`)
  return `${id}${Buffer.from(signature, 'base64url').toString('hex')}`
}

/** The outcome of a change once it is kept; where it can't be, nothing has changed. The disk's own message names places that are no member's business. */
const onceKept = <T>(change: Promise<T>): Promise<T | Rejected> =>
  change.catch((error: unknown) => (error instanceof SecretRefused ? error.why : notKept))

const notKept = rejected(
  'READ_ONLY',
  'the host can not keep this just now, and nothing has changed; ask whoever hosts to look at its disk, then try again',
)

const MOST_PASSWORD_BYTES = 256

/** It must be typed into a line. */
function passwordFault(word: string): Rejected | undefined {
  const fits = word.trim() === word && word !== '' && Buffer.byteLength(word) <= MOST_PASSWORD_BYTES
  return fits && !/\p{Cc}/u.test(word) ? undefined : badPassword
}

const noSuchInvitation = rejected(
  'NO_SUCH_INVITATION',
  'this room has no such invitation any more; /invite list tells which it has',
)

const noSuchLink = rejected('NO_SUCH_LINK', 'this room has no such drop link; /drop-link list tells which it has')
const tooManyDropLinks = rejected(
  'NOT_ALLOWED',
  'this room has as many drop links as it may; take some back first (/drop-link list)',
)
const endless = rejected('BAD_REQUEST', 'a drop link ends some time; give it seconds, or a time like 7d')

const tooManyInvitations = rejected(
  'NOT_ALLOWED',
  'this room has as many invitations as it may; take some back first (/invite list)',
)

const badPassword = rejected(
  'BAD_TEXT',
  `a password is 1 to ${MOST_PASSWORD_BYTES} bytes on one line, with no blank before or after it`,
)

async function saltedHash(word: string): Promise<Password> {
  const salt = randomBytes(16)
  const hash = await hashed(word, salt, HASH_BYTES)
  return { salt: salt.toString('hex'), hash: hash.toString('hex') }
}

function readKept(text: string): v.InferOutput<typeof kept> {
  try {
    return v.parse(kept, JSON.parse(text))
  } catch (cause) {
    throw new SecretStoreDamaged('rooms', 'it is no list of passwords and invitations', { cause })
  }
}

const idOf = (digest: string): string => digest.slice(0, ID_DIGITS)

/** Nobody can guess 130 bits, so a quick digest will do; and it is looked up by the digest, so that no comparing tells anything. */
const digestOf = (code: string): string => createHash('sha256').update(`tamtam invitation ${code}`).digest('hex')
