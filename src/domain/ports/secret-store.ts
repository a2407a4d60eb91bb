/**
 * The names of a host's secrets: the key for signing links, the owner's key, the token, the rooms' secrets, the key for recognising
 * people; for SSH the host's key, the keys seen before, and the owner's keys; and the key that nodes of a cluster share.
 */
export type KeyName = 'links' | 'owner' | 'token' | 'rooms' | 'people' | 'ssh' | 'ssh-known' | 'ssh-owners' | 'nodes'

/** Keeps secrets over restarts, for the host only. */
export interface SecretStore {
  /** Undefined if none was written. Another process may have written it. Rejects with `SecretStoreDamaged` if it is unreadable. */
  read(name: KeyName): Promise<string | undefined>
  /** Replaces the secret atomically; resolves once it would survive a crash. The last write counts. */
  write(name: KeyName, secret: string): Promise<void>
}

/** A secret store shared with other hosts. */
export interface SharedSecretStore extends SecretStore {
  /** Writes the secret if there is none. Answers the secret that is there afterwards. */
  claim(name: KeyName, secret: string): Promise<string>
  /**
   * Replaces the secrets of one room by the result of `change`, and again if another host came first: so no change of any host is lost,
   * and `change` may be called several times. Undefined: they stay as they are. Resolves to the secrets afterwards; rejects if the
   * others cannot be reached.
   */
  changeRoom(room: string, change: (kept: string | undefined) => string | undefined): Promise<string | undefined>
  /** The secrets of a room after the newest change by any host. */
  readRoom(room: string): Promise<string | undefined>
  /**
   * Calls `changed` with the secrets of every room: with the present ones before it resolves, and from then on after each change by any
   * host.
   */
  followRooms(changed: (room: string, kept: string) => void): Promise<void>
}

export const isSharedSecretStore = (store: SecretStore): store is SharedSecretStore => 'claim' in store

/** A secret exists but is unusable: its content cannot be guessed, so nothing may be opened or replaced. */
export class SecretStoreDamaged extends Error {
  readonly code = 'KEYRING_DAMAGED'
  readonly secret: KeyName

  constructor(secret: KeyName, why: string, options?: ErrorOptions) {
    super(`the secret "${secret}" is damaged: ${why}`, options)
    this.secret = secret
  }
}
