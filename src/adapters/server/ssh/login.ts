import { checkRoomName } from '#domain/names/room-name.ts'
import { Refused } from '#domain/session.ts'
import { personOf } from '../connection/key-registry.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { KnownKeys } from './known-keys.ts'
import type { LoginAnswer, LoginMethod, LoginRequest, PublicKey } from './transport.ts'

/** Whom a client has logged in as, and with what. */
export interface Identity {
  readonly nick: string
  readonly room: string
  /** The user named the room. */
  readonly isRoomNamed: boolean
  /** The key that its person has on this host; left out: without one, a person for this connection alone. */
  readonly key?: string
  readonly credential?: string
  readonly password?: string
}

export interface LoginParts {
  readonly accessControl: AccessControl
  readonly knownKeys: KnownKeys
  readonly address: string
  /** Of a person without a key. */
  readonly id: string
  /** The room of a user that names none. */
  readonly room: string
}

const ALL: readonly LoginMethod[] = ['publickey', 'keyboard-interactive', 'password']
const TYPED: readonly LoginMethod[] = ['keyboard-interactive', 'password']

/** One client on its way in: each request shows something more of it, and it is in once that is enough for the room that it wants. */
export class Login {
  readonly #parts: LoginParts
  #nick = ''
  #room: string
  #isRoomNamed = false
  #publicKey: PublicKey | undefined
  #key: string | undefined
  #credential: string | undefined
  #password: string | undefined

  constructor(parts: LoginParts) {
    this.#parts = parts
    this.#room = parts.room
  }

  get identity(): Identity {
    const [key, credential, password] = [this.#key, this.#credential, this.#password]
    return {
      ...{ nick: this.#nick, room: this.#room, isRoomNamed: this.#isRoomNamed },
      ...(key === undefined ? {} : { key }),
      ...(credential === undefined ? {} : { credential }),
      ...(password === undefined ? {} : { password }),
    }
  }

  /** `user`: `nick` or `nick/room`. */
  async answer(user: string, request: LoginRequest): Promise<LoginAnswer> {
    const [nick = '', ...room] = user.split('/')
    this.#nick = nick
    this.#isRoomNamed = room.length > 0
    if (this.#isRoomNamed) this.#room = room.join('/')
    switch (request.method) {
      case 'publickey':
        return request.isProven ? await this.#byKey(request.key) : 'accepted'
      case 'password':
        return await this.#byPassword(request.password)
      case 'keyboard-interactive':
        return await this.#byQuestions(request.ask)
      default:
        return request satisfies never
    }
  }

  async #byKey(key: PublicKey): Promise<LoginAnswer> {
    const { knownKeys } = this.#parts
    this.#publicKey = key
    this.#key = await knownKeys.keyFor(key)
    this.#credential = knownKeys.tokenOf(key)
    return (await this.#enters()) ? 'accepted' : { methods: TYPED, isPartial: true }
  }

  /** The token or an invitation; the room's password, where nothing else is wanted; or both, with a blank between them. */
  async #byPassword(typed: string): Promise<LoginAnswer> {
    if (this.#isKnown) this.#password = typed
    else {
      const [, credential = typed, password] = /^(\S+) (.*)$/s.exec(typed) ?? []
      this.#credential = credential
      this.#password = password
    }
    return await this.#answerOf(await this.#enters())
  }

  async #byQuestions(ask: (question: string) => Promise<string | undefined>): Promise<LoginAnswer> {
    if (await this.#enters()) return 'accepted'
    if (!this.#isKnown) {
      const typed = await ask('Token of this host, or an invitation: ')
      if (typed === undefined) return { methods: this.#methods }
      this.#credential = typed.trim()
      if (await this.#enters()) return await this.#answerOf(true)
      if (!this.#isKnown) return await this.#answerOf(false)
    }
    this.#password = await ask(`Password of ${this.#room}: `)
    return await this.#answerOf(this.#password !== undefined && (await this.#enters()))
  }

  async #answerOf(isIn: boolean): Promise<LoginAnswer> {
    if (!isIn) {
      this.#password = undefined
      if (!this.#isKnown) this.#credential = undefined
      return this.#parts.accessControl.isSpent({ connection: this }) ? 'ended' : { methods: this.#methods }
    }
    if (this.#publicKey !== undefined && this.#credential !== undefined && this.#isKnown)
      this.#parts.knownKeys.remember(this.#publicKey, this.#credential)
    return 'accepted'
  }

  get #methods(): readonly LoginMethod[] {
    return this.#key === undefined ? ALL : TYPED
  }

  get #isKnown(): boolean {
    return this.#parts.accessControl.isKnown(this.#shown)
  }

  get #shown() {
    const { address, id } = this.#parts
    return {
      ...{ connection: this, address, person: this.#key === undefined ? id : personOf(this.#key) },
      ...(this.#credential === undefined ? {} : { credential: this.#credential }),
      ...(this.#password === undefined ? {} : { password: this.#password }),
    }
  }

  /** A room that can be none lets in whoever the host does: the reason is told where it can be read. */
  async #enters(): Promise<boolean> {
    const room = checkRoomName(this.#room)
    if (typeof room !== 'string') return this.#isKnown
    this.#room = room
    try {
      return (await this.#parts.accessControl.enter(this.#shown, room)) !== undefined
    } catch (error) {
      if (error instanceof Refused) return false
      throw error
    }
  }
}
