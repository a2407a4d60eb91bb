import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import type { Clock } from '../../../../domain/ports/clock.ts'
import type { Keyring } from '../../../../domain/ports/keyring.ts'
import { oneAtATime } from '../../../../domain/transfer/turns.ts'
import { newSecret, sameSecret } from './secrets.ts'

export interface RoomKeySettings {
  /** An invitation that nobody has used ends after this long. */
  readonly inviteMs: number
  /** Whoever has used one may come back by it for this long. */
  readonly invitedMs: number
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

const password = v.object({ salt: v.string(), hash: v.string() })
const invitation = v.object({ room: v.string(), expiresAt: v.number(), usedBy: v.exactOptional(v.string()) })
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
export class RoomKeys {
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #settings: RoomKeySettings
  #passwords = new Map<string, Password>()
  #invitations = new Map<string, Kept>()
  /** Once a password was right, others are compared with it: the slow hash is for whoever steals the file. */
  readonly #proved = new Map<string, string>()
  #kept: Promise<void> = Promise.resolve()
  /** Hashing takes its time: one after the other, so that what was said last is what holds. */
  #changed: Promise<unknown> = Promise.resolve()
  /** One hash at a time: files are read and written by the same few threads. */
  readonly #inTurn = oneAtATime(() => {})

  constructor(keyring: Keyring, clock: Clock, settings: RoomKeySettings) {
    this.#keyring = keyring
    this.#clock = clock
    this.#settings = settings
  }

  /** To be awaited before any other. Rejects where what was kept can't be understood: a room must not open by that. */
  async open(): Promise<void> {
    const text = await this.#keyring.read('rooms')
    if (text === undefined) return
    const { passwords, invitations } = v.parse(kept, JSON.parse(text))
    this.#passwords = new Map(Object.entries(passwords))
    this.#invitations = new Map(Object.entries(invitations))
  }

  wantsPassword(room: string): boolean {
    return this.#passwords.has(room)
  }

  /**
   * Sets the room's password, or with nothing takes it away. Those who are in stay in. Resolves once it is kept; false where there was
   * none to take away.
   */
  setPassword(room: string, word: string | undefined): Promise<boolean> {
    const changed = this.#changed.then(() => this.#change(room, word))
    // Who asked for it hears of a failure.
    this.#changed = changed.catch(() => {})
    return changed
  }

  async opens(room: string, word: string): Promise<boolean> {
    const password = this.#passwords.get(room)
    if (password === undefined) return true
    const proved = this.#proved.get(room)
    if (proved !== undefined) return sameSecret(proved, word)
    const hash = await this.#inTurn(() => hashed(word, Buffer.from(password.salt, 'hex'), HASH_BYTES))
    const right = timingSafeEqual(hash, Buffer.from(password.hash, 'hex'))
    if (right && this.#passwords.get(room) === password) this.#proved.set(room, word)
    return right
  }

  /** Lets one person in, once. Resolves once it is kept. */
  async invite(room: string): Promise<Invitation> {
    const code = newSecret()
    const expiresAt = this.#clock.now() + this.#settings.inviteMs
    const digest = digestOf(code)
    this.#invitations.set(digest, { room, expiresAt })
    await this.#keep()
    return { room, id: idOf(digest), code, expiresAt }
  }

  /** Those to a room by which somebody may still come in, the oldest first. */
  invitations(room: string): readonly KeptInvitation[] {
    return [...this.#invitations]
      .filter(([, kept]) => kept.room === room && kept.expiresAt > this.#clock.now())
      .map(([digest, { expiresAt, usedBy }]) => ({ id: idOf(digest), expiresAt, used: usedBy !== undefined }))
  }

  /** Nobody comes in by it any more, used or not. Resolves once that is kept; false where the room has none of this id. */
  async revoke(room: string, id: string): Promise<boolean> {
    const found = [...this.#invitations].find(([digest, kept]) => kept.room === room && idOf(digest) === id)
    if (found === undefined) return false
    this.#invitations.delete(found[0])
    await this.#keep()
    return true
  }

  /** Whether one of these words is an invitation to the room that is this person's. Who is joining by a new one makes it theirs. */
  invites(words: readonly (string | undefined)[], room: string, person: string, how: 'joining' | 'looking'): boolean {
    return words.some((word) => {
      const digest = word === undefined ? '' : digestOf(word)
      const found = this.#invitations.get(digest)
      if (found?.room !== room || found.expiresAt <= this.#clock.now()) return false
      if (found.usedBy !== undefined || how === 'looking') return found.usedBy === person
      const expiresAt = this.#clock.now() + this.#settings.invitedMs
      this.#invitations.set(digest, { ...found, expiresAt, usedBy: person })
      this.#kept = this.#keep()
      return true
    })
  }

  /** Resolves when nothing that was used could be used again after a crash. */
  kept(): Promise<void> {
    return this.#kept
  }

  async #change(room: string, word: string | undefined): Promise<boolean> {
    if (word === undefined) {
      if (!this.#passwords.delete(room)) return false
    } else {
      const salt = randomBytes(16)
      const hash = await hashed(word, salt, HASH_BYTES)
      this.#passwords.set(room, { salt: salt.toString('hex'), hash: hash.toString('hex') })
    }
    this.#proved.delete(room)
    await this.#keep()
    return true
  }

  async #keep(): Promise<void> {
    const now = this.#clock.now()
    for (const [digest, { expiresAt }] of this.#invitations) if (expiresAt <= now) this.#invitations.delete(digest)
    const passwords = Object.fromEntries(this.#passwords)
    const invitations = Object.fromEntries(this.#invitations)
    await this.#keyring.write('rooms', JSON.stringify({ passwords, invitations }))
  }
}

const idOf = (digest: string): string => digest.slice(0, ID_DIGITS)

/** Nobody can guess 130 bits, so a quick digest will do; and it is looked up by the digest, so that no comparing tells anything. */
const digestOf = (code: string): string => createHash('sha256').update(`tamtam invitation ${code}`).digest('hex')
