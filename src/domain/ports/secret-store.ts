/**
 * The names of a host's secrets: the key that signs links, the owner's key, the token, the secrets of its rooms, the one by which persons are known, and
 * of SSH the host's key, the keys that came in before, and the owner's own; and the one by which nodes of a cluster know each other.
 */
export type KeyName = 'links' | 'owner' | 'token' | 'rooms' | 'people' | 'ssh' | 'ssh-known' | 'ssh-owners' | 'nodes'

/** Keeps secrets over restarts, for the host alone. */
export interface SecretStore {
  /** Undefined when none was written. Another process may have written it. Rejects with `SecretStoreDamaged` when it is unreadable. */
  read(name: KeyName): Promise<string | undefined>
  /** Replaces the secret atomically; resolves once it would survive a crash. The last write counts. */
  write(name: KeyName, secret: string): Promise<void>
}

/** A secret store that other hosts have as well. */
export interface SharedSecretStore extends SecretStore {
  /** Writes the secret where there is none; answers the one that is there then. */
  claim(name: KeyName, secret: string): Promise<string>
  /**
   * Replaces the secrets of one room by what `change` makes of them, and again where another host came first: no change of any host is lost, and `change` may
   * be called several times. Undefined: they stay as they are. Resolves to what they are then; rejects where the others cannot be reached.
   */
  changeRoom(room: string, change: (kept: string | undefined) => string | undefined): Promise<string | undefined>
  /** The secrets of a room, as the newest change of any host has left them. */
  readRoom(room: string): Promise<string | undefined>
  /** Calls `changed` with the secrets of every room: as they are before it resolves, and from then on for each change of any host. */
  followRooms(changed: (room: string, kept: string) => void): Promise<void>
}

export const isSharedSecretStore = (store: SecretStore): store is SharedSecretStore => 'claim' in store

/** An existing secret is unusable: nothing may be opened, and nothing replaced, by guessing its content. */
export class SecretStoreDamaged extends Error {
  readonly code = 'KEYRING_DAMAGED'
  readonly secret: KeyName

  constructor(secret: KeyName, why: string, options?: ErrorOptions) {
    super(`the secret "${secret}" is damaged: ${why}`, options)
    this.secret = secret
  }
}
