import type { KeyValueStorage } from '../browser/platform.ts'

/** The credentials for joining a room. An invitation stands in the place of either. */
export interface RoomCredentials {
  /** The host's token. */
  readonly token?: string
  /** The room's password. */
  readonly password?: string
}

/** Each one more that is tried counts as a guess at the host. */
const MOST_TOKENS = 2

/** The tokens and passwords that this browser was given, kept for the next time (C121). */
export class Secrets {
  readonly #kept: KeyValueStorage

  constructor(kept: KeyValueStorage) {
    this.#kept = kept
  }

  /** Came with the address: the host's token, or an invitation. Nobody can tell which, so those before it stay. */
  given(token: string): void {
    const tokens = [token, ...this.#tokens.filter((each) => each !== token)]
    this.#kept.set('tokens', tokens.slice(0, MOST_TOKENS).join('\n'))
  }

  /** The credentials to try for a room, one after the other. `typed`: entered when the room asked for a password or an invitation. */
  for(room: string, typed?: string): readonly RoomCredentials[] {
    const known = typed ?? this.#kept.get(`password.${room}`)
    const password = known === undefined ? {} : { password: known }
    const tokens = this.#tokens
    const tries = tokens.length === 0 ? [password] : tokens.map((token) => ({ token, ...password }))
    // A host's token, where no address with it led here.
    return typed === undefined ? tries : [...tries, { token: typed }]
  }

  /** It has opened the room, and is shown first the next time. */
  opened(room: string, { token, password }: RoomCredentials): void {
    if (token !== undefined) this.given(token)
    if (password !== undefined) this.#kept.set(`password.${room}`, password)
  }

  /** The one that is shown first. */
  get token(): string | undefined {
    return this.#tokens[0]
  }

  get #tokens(): readonly string[] {
    return this.#kept.get('tokens')?.split('\n') ?? []
  }
}
