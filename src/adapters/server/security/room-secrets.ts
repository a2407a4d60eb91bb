import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import { isSharedSecretStore, type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { Invitation, KeptInvitation } from '#domain/room/room-access.ts'
import { newSecret, sameSecret } from './host-token.ts'

export interface RoomSecretSettings {
  /** An unused invitation ends after this long. */
  readonly inviteMs: number
  /** The person who used an invitation may come back with it for this long. */
  readonly invitedMs: number
  /** Valid invitations to one room, used or not. */
  readonly invitationsPerRoom: number
  /** The default lifetime of a drop link; none lasts longer than `mostDropLinkMs`. */
  readonly dropLinkMs: number
  readonly mostDropLinkMs: number
  readonly dropLinksPerRoom: number
  /** The base path of the host's addresses; empty without one. */
  readonly basePath: string
}

/** A valid invitation for a person. */
export interface Invited {
  readonly code: string
  /** Its author, until a person has joined with it. */
  readonly inviter?: string
  /** It is unused, and must be claimed before anybody enters with it. */
  readonly isUnused?: true
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
type DropLinkKept = v.InferOutput<typeof dropLink>

/** The secrets of all rooms, or of one. Never changed in place. */
interface Secrets {
  readonly passwords: ReadonlyMap<string, Password>
  readonly invitations: ReadonlyMap<string, Kept>
  readonly dropLinks: ReadonlyMap<string, DropLinkKept>
}
const NO_SECRETS: Secrets = { passwords: new Map(), invitations: new Map(), dropLinks: new Map() }
/** A drop link without its signature. */
export type KeptDropLink = v.InferOutput<typeof dropLink> & { readonly id: string }

const HASH_BYTES = 32
/** Short enough to type; an id admits nobody. */
const ID_DIGITS = 8
export const DROP_ID_CHARS = ID_DIGITS
const hashed = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * The secrets that admit to rooms besides the host's own rule: passwords, kept as slow and salted hashes, and invitations, kept as
 * digests, each for one person.
 */
export class RoomSecrets {
  readonly #secretStore: SecretStore
  readonly #clock: Clock
  readonly #settings: RoomSecretSettings
  #secrets = NO_SECRETS
  /** A password that was right once: later ones are compared with it. The slow hash is meant against thieves of the file. */
  readonly #proved = new Map<string, string>()
  /** Writing takes time: one after the other, so that the last change wins. */
  readonly #writes = new SerialQueue()
  /** Passwords are hashed first, in a queue of their own, so that setting many keeps nobody from joining with an invitation. */
  readonly #passwords = new SerialQueue()
  /** One hash at a time: files are read and written by the same few threads. */
  readonly #hashes = new SerialQueue()

  constructor(secretStore: SecretStore, clock: Clock, settings: RoomSecretSettings) {
    this.#secretStore = secretStore
    this.#clock = clock
    this.#settings = settings
  }

  /**
   * Await it before any other call. Rejects if the file cannot be understood, since that must not open a room. `changed` is called when
   * another host has changed something.
   */
  async open(changed: () => void = () => {}): Promise<void> {
    const store = this.#secretStore
    if (isSharedSecretStore(store))
      return await store.followRooms((room, text) => {
        this.#take(room, readKept(text))
        changed()
      })
    const text = await store.read('rooms')
    if (text !== undefined) this.#secrets = readKept(text)
  }

  /** Resolves once this host knows all earlier changes of a room by other hosts; without that if they cannot be asked. */
  async caughtUp(room: string): Promise<void> {
    const store = this.#secretStore
    if (!isSharedSecretStore(store)) return
    const text = await store.readRoom(room).catch(() => undefined)
    if (text !== undefined) this.#take(room, readKept(text))
  }

  wantsPassword(room: string): boolean {
    return this.#secrets.passwords.has(room)
  }

  /** Identifies the present password of a room, also after a restart: a new password has a new id, even with the same word. */
  passwordId(room: string): string | undefined {
    return this.#secrets.passwords.get(room)?.salt
  }

  /** Sets the room's password, or removes it. Members stay members. Resolves once it is kept; false if there was none to remove. */
  setPassword(room: string, word: string | undefined): Promise<boolean> {
    return this.#passwords.run(async () => {
      const password = word === undefined ? undefined : await saltedHash(word)
      return await this.#change(room, (kept) => {
        const passwords = new Map(kept.passwords)
        if (password !== undefined) passwords.set(room, password)
        else if (!passwords.delete(room)) return undefined
        return { ...kept, passwords }
      })
    })
  }

  async opens(room: string, word: string): Promise<boolean> {
    const password = this.#secrets.passwords.get(room)
    if (password === undefined) return true
    const proved = this.#proved.get(room)
    if (proved !== undefined) return sameSecret(proved, word)
    const hash = await this.#hashes.run(() => hashed(word, Buffer.from(password.salt, 'hex'), HASH_BYTES))
    const right = timingSafeEqual(hash, Buffer.from(password.hash, 'hex'))
    if (right && this.#secrets.passwords.get(room) === password) this.#proved.set(room, word)
    return right
  }

  /**
   * Makes an invitation for one person, which ends if its author is banned. Resolves once it is kept; undefined if the room has too
   * many.
   */
  async invite(room: string, inviter: string): Promise<Invitation | undefined> {
    const code = newSecret()
    const expiresAt = this.#clock.now() + this.#settings.inviteMs
    const digest = digestOf(code)
    const isMade = await this.#change(room, (kept) => {
      const { invitations } = kept
      const isFull = this.#holding(room, kept).length >= this.#settings.invitationsPerRoom
      if (isFull && !invitations.has(digest)) return undefined
      return { ...kept, invitations: new Map(invitations).set(digest, { room, expiresAt, inviter }) }
    })
    return isMade ? { room, id: idOf(digest), code, expiresAt } : undefined
  }

  /** The valid invitations to a room, oldest first. */
  invitations(room: string): readonly KeptInvitation[] {
    return this.#holding(room, this.#secrets).map(([digest, { expiresAt, usedBy }]) => ({
      id: idOf(digest),
      expiresAt,
      used: usedBy !== undefined,
    }))
  }

  #holding(room: string, { invitations }: Secrets): readonly (readonly [digest: string, kept: Kept])[] {
    return [...invitations].filter(([, kept]) => kept.room === room && kept.expiresAt > this.#clock.now())
  }

  /** Revokes an invitation, used or not. Resolves once that is kept; false if the room has none with this id. */
  revoke(room: string, id: string): Promise<boolean> {
    return this.#change(room, (kept) => {
      const found = [...kept.invitations].find(([digest, each]) => each.room === room && idOf(digest) === id)
      if (found === undefined) return undefined
      const invitations = new Map(kept.invitations)
      invitations.delete(found[0])
      return { ...kept, invitations }
    })
  }

  /** The first of these words that is an invitation to the room for this person; for joining, also an unused one. */
  invites(
    words: readonly (string | undefined)[],
    room: string,
    person: string,
    how: 'join' | 'see',
  ): Invited | undefined {
    for (const code of words) {
      if (code === undefined) continue
      const found = this.#secrets.invitations.get(digestOf(code))
      if (found?.room !== room || found.expiresAt <= this.#clock.now()) continue
      const isUnused = found.usedBy === undefined
      if (isUnused ? how === 'see' : found.usedBy !== person) continue
      const inviter = found.inviter === undefined ? {} : { inviter: found.inviter }
      return { code, ...inviter, ...(isUnused ? { isUnused } : {}) }
    }
    return undefined
  }

  /**
   * Gives an invitation to this person. Resolves once nobody else could use it, at any host and after a crash; false if it belongs to
   * another person or has ended.
   */
  async claim(code: string, room: string, person: string): Promise<boolean> {
    const digest = digestOf(code)
    let isTheirs = false
    await this.#change(room, (kept) => {
      const found = kept.invitations.get(digest)
      const now = this.#clock.now()
      const holds = found?.room === room && found.expiresAt > now
      isTheirs = holds && (found.usedBy === undefined || found.usedBy === person)
      if (!isTheirs || found === undefined || found.usedBy !== undefined) return undefined
      const used = { ...found, expiresAt: now + this.#settings.invitedMs, usedBy: person }
      return { ...kept, invitations: new Map(kept.invitations).set(digest, used) }
    })
    return isTheirs
  }

  /** Its holder has joined with it: from now on its author does not matter. */
  async joinedBy(code: string, room: string): Promise<void> {
    const digest = digestOf(code)
    if (this.#secrets.invitations.get(digest)?.inviter === undefined) return
    await this.#change(room, (kept) => {
      const found = kept.invitations.get(digest)
      if (found?.inviter === undefined) return undefined
      const { inviter: _, ...rest } = found
      return { ...kept, invitations: new Map(kept.invitations).set(digest, rest) }
    })
  }

  get basePath(): string {
    return this.#settings.basePath
  }

  /** Resolves once it is kept; undefined if the room has too many. */
  async addDropLink(room: string, ms = this.#settings.dropLinkMs): Promise<KeptDropLink | undefined> {
    const expiresAt = this.#clock.now() + Math.min(ms, this.#settings.mostDropLinkMs)
    const id = randomBytes(ID_DIGITS / 2).toString('hex')
    const link = { room, expiresAt }
    const isMade = await this.#change(room, (kept) => {
      if (this.#dropLinksOf(room, kept).length >= this.#settings.dropLinksPerRoom) return undefined
      return { ...kept, dropLinks: new Map(kept.dropLinks).set(id, link) }
    })
    return isMade ? { id, ...link } : undefined
  }

  /** The valid drop links of a room, oldest first. */
  dropLinks(room: string): readonly KeptDropLink[] {
    return this.#dropLinksOf(room, this.#secrets)
  }

  #dropLinksOf(room: string, { dropLinks }: Secrets): readonly KeptDropLink[] {
    const now = this.#clock.now()
    return Array.from(dropLinks, ([id, link]) => ({ id, ...link })).filter(
      (link) => link.room === room && link.expiresAt > now,
    )
  }

  dropLink(id: string): KeptDropLink | undefined {
    const link = this.#secrets.dropLinks.get(id)
    return link === undefined || link.expiresAt <= this.#clock.now() ? undefined : { id, ...link }
  }

  /** Resolves once that is kept; false if the room has none with this id. */
  revokeDropLink(room: string, id: string): Promise<boolean> {
    return this.#change(room, (kept) => {
      if (kept.dropLinks.get(id)?.room !== room) return undefined
      const dropLinks = new Map(kept.dropLinks)
      dropLinks.delete(id)
      return { ...kept, dropLinks }
    })
  }

  /**
   * Makes one change after the other: of all rooms or, in a cluster, of this one. It is written before it is applied, so a change that
   * cannot be kept has no effect. False if there was nothing to change.
   */
  #change(room: string, change: (kept: Secrets) => Secrets | undefined): Promise<boolean> {
    const store = this.#secretStore
    return this.#writes.run(async () => {
      if (isSharedSecretStore(store)) {
        let isChanged = false
        const text = await store.changeRoom(room, (before) => {
          const next = change(before === undefined ? NO_SECRETS : readKept(before))
          isChanged ||= next !== undefined
          return next && textOf(this.#current(next))
        })
        if (text !== undefined) this.#take(room, readKept(text))
        return isChanged
      }
      const next = change(this.#secrets)
      if (next === undefined) return false
      const current = this.#current(next)
      await store.write('rooms', textOf(current))
      if (current.passwords.get(room) !== this.#secrets.passwords.get(room)) this.#proved.delete(room)
      this.#secrets = current
      return true
    })
  }

  /** The secrets that are still valid. */
  #current({ passwords, invitations, dropLinks }: Secrets): Secrets {
    const now = this.#clock.now()
    const valid = <T extends { readonly expiresAt: number }>(all: ReadonlyMap<string, T>) =>
      new Map([...all].filter(([, { expiresAt }]) => expiresAt > now))
    return { passwords, invitations: valid(invitations), dropLinks: valid(dropLinks) }
  }

  /** Takes in the secrets of one room, after a change by this or another host. */
  #take(room: string, of: Secrets): void {
    const { passwords, invitations, dropLinks } = this.#secrets
    const password = of.passwords.get(room)
    if (password?.hash !== passwords.get(room)?.hash) this.#proved.delete(room)
    const replaced = <T extends { readonly room: string }>(all: ReadonlyMap<string, T>, own: ReadonlyMap<string, T>) =>
      new Map([...[...all].filter(([, each]) => each.room !== room), ...own])
    const others = new Map(passwords)
    if (password === undefined) others.delete(room)
    else others.set(room, password)
    this.#secrets = {
      passwords: others,
      invitations: replaced(invitations, of.invitations),
      dropLinks: replaced(dropLinks, of.dropLinks),
    }
  }
}

async function saltedHash(word: string): Promise<Password> {
  const salt = randomBytes(16)
  const hash = await hashed(word, salt, HASH_BYTES)
  return { salt: salt.toString('hex'), hash: hash.toString('hex') }
}

function readKept(text: string): Secrets {
  try {
    const { passwords, invitations, dropLinks } = v.parse(kept, JSON.parse(text))
    return {
      passwords: new Map(Object.entries(passwords)),
      invitations: new Map(Object.entries(invitations)),
      dropLinks: new Map(Object.entries(dropLinks)),
    }
  } catch (cause) {
    throw new SecretStoreDamaged('rooms', 'it is no list of passwords and invitations', { cause })
  }
}

const textOf = ({ passwords, invitations, dropLinks }: Secrets): string =>
  JSON.stringify({
    passwords: Object.fromEntries(passwords),
    invitations: Object.fromEntries(invitations),
    ...(dropLinks.size === 0 ? {} : { dropLinks: Object.fromEntries(dropLinks) }),
  })

const idOf = (digest: string): string => digest.slice(0, ID_DIGITS)

/** Nobody can guess 130 bits, so a fast digest is enough. It is looked up by the digest, so that no comparison reveals anything. */
const digestOf = (code: string): string => createHash('sha256').update(`tamtam invitation ${code}`).digest('hex')
