import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import type { Clock } from '#domain/ports/clock.ts'
import { type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import { newSecret, sameSecret } from './secrets.ts'

export interface RoomSecretSettings {
  /** An invitation that nobody has used ends after this long. */
  readonly inviteMs: number
  /** Whoever has used one may come back by it for this long. */
  readonly invitedMs: number
  /** Invitations to one room that hold, used or not. */
  readonly invitationsPerRoom: number
}

/** What lets one person in, as far as it is remembered: its code is not. */
export interface KeptInvitation {
  readonly id: string
  /** Milliseconds since 1970: nobody comes in by it any more, or nobody back in. */
  readonly expiresAt: number
  /** Somebody has come in by it, whose it is now. */
  readonly used: boolean
}

export interface Invitation extends Omit<KeptInvitation, 'used'> {
  readonly room: string
  readonly code: string
}

/** An invitation that holds for somebody. */
export interface Invited {
  readonly code: string
  /** Who gave it, until somebody has come in by it. */
  readonly inviter?: string
}

const password = v.object({ salt: v.string(), hash: v.string() })
const invitation = v.object({
  room: v.string(),
  expiresAt: v.number(),
  usedBy: v.exactOptional(v.string()),
  inviter: v.exactOptional(v.string()),
})
const kept = v.object({ passwords: v.record(v.string(), password), invitations: v.record(v.string(), invitation) })

type Password = v.InferOutput<typeof password>
type Kept = v.InferOutput<typeof invitation>

const HASH_BYTES = 32
/** Few enough to be typed; nobody comes in by them. */
const ID_DIGITS = 8
const hashed = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * What opens a room beside the host's own rule: its password, kept as a slow and salted hash, and invitations, kept as digests, each
 * for one person.
 */
export class RoomSecrets {
  readonly #secretStore: SecretStore
  readonly #clock: Clock
  readonly #settings: RoomSecretSettings
  #passwords = new Map<string, Password>()
  #invitations = new Map<string, Kept>()
  /** Once a password was right, others are compared with it: the slow hash is for whoever steals the file. */
  readonly #proved = new Map<string, string>()
  /** Somebody has used an invitation, and the file does not say so yet. */
  #hasUnkept = false
  /** Writing takes its time: one after the other, so that what was said last is what holds. */
  readonly #inTurn = new SerialQueue()
  /** The same of passwords, which are hashed first: whoever sets many keeps nobody from coming in by an invitation. */
  readonly #onePassword = new SerialQueue()
  /** One hash at a time: files are read and written by the same few threads. */
  readonly #oneHash = new SerialQueue()

  constructor(secretStore: SecretStore, clock: Clock, settings: RoomSecretSettings) {
    this.#secretStore = secretStore
    this.#clock = clock
    this.#settings = settings
  }

  /** To be awaited before any other. Rejects where what was kept can't be understood: a room must not open by that. */
  async open(): Promise<void> {
    const text = await this.#secretStore.read('rooms')
    if (text === undefined) return
    const { passwords, invitations } = readKept(text)
    this.#passwords = new Map(Object.entries(passwords))
    this.#invitations = new Map(Object.entries(invitations))
  }

  wantsPassword(room: string): boolean {
    return this.#passwords.has(room)
  }

  /** Names the password that a room has now, also after a restart: another one has another, even where it is the same word. */
  passwordId(room: string): string | undefined {
    return this.#passwords.get(room)?.salt
  }

  /**
   * Sets the room's password, or with nothing takes it away. Those who are in stay in. Resolves once it is kept; false where there was
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

  /** Lets one person in, once, for as long as the person who asks them in is not banned. Resolves once it is kept; undefined where the room has too many. */
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

  /** Those to a room by which somebody may still come in, the oldest first. */
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

  /** Nobody comes in by it any more, used or not. Resolves once that is kept; false where the room has none of this id. */
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

  /** The first of these words that is an invitation to the room and this person's. Who is joining by a new one makes it theirs. */
  invites(
    words: readonly (string | undefined)[],
    room: string,
    person: string,
    how: 'joining' | 'looking',
  ): Invited | undefined {
    for (const code of words) {
      const digest = code === undefined ? '' : digestOf(code)
      const found = this.#invitations.get(digest)
      if (code === undefined || found?.room !== room || found.expiresAt <= this.#clock.now()) continue
      if (found.usedBy === undefined && how === 'joining') {
        const expiresAt = this.#clock.now() + this.#settings.invitedMs
        this.#invitations.set(digest, { ...found, expiresAt, usedBy: person })
        this.#hasUnkept = true
      } else if (found.usedBy !== person) continue
      return { code, ...(found.inviter === undefined ? {} : { inviter: found.inviter }) }
    }
    return undefined
  }

  /** Whose it is has come in by it: from now on it does not matter any more who gave it. */
  cameIn(code: string): void {
    const digest = digestOf(code)
    const found = this.#invitations.get(digest)
    if (found?.inviter === undefined) return
    const { inviter: _, ...rest } = found
    this.#invitations.set(digest, rest)
    this.#hasUnkept = true
    // Where it can't be kept just now, it is with what is kept next.
    this.kept().catch(() => {})
  }

  /** Resolves when nothing that was used could be used again after a crash. */
  kept(): Promise<void> {
    return this.#inTurn.run(async () => {
      if (this.#hasUnkept) await this.#write(this.#passwords, this.#invitations)
    })
  }

  /** What is kept holds, and what could not be kept does not: what changes is written before it counts. */
  async #write(passwords: ReadonlyMap<string, Password>, invitations: ReadonlyMap<string, Kept>): Promise<void> {
    const now = this.#clock.now()
    for (const [digest, { expiresAt }] of this.#invitations) if (expiresAt <= now) this.#invitations.delete(digest)
    const current = [...invitations].filter(([, { expiresAt }]) => expiresAt > now)
    const text = JSON.stringify({
      passwords: Object.fromEntries(passwords),
      invitations: Object.fromEntries(current),
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
