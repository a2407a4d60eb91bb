/** What a host keeps secret, by name: how links are signed, who owns it, its token, and what its rooms ask for. */
export type KeyName = 'links' | 'owner' | 'token' | 'rooms'

/** Where secrets are kept over restarts, for nobody but the host to read. */
export interface SecretStore {
  /** Undefined where none was written. Another process may have written it. Rejects with `KeyringDamaged` where it can't be read. */
  read(name: KeyName): Promise<string | undefined>
  /** Replaces what was there in one step, and resolves once it would survive a crash. The last write counts. */
  write(name: KeyName, secret: string): Promise<void>
}

/** A secret that is there can't be used: nothing may be opened, and nothing replaced, by guessing what it was. */
export class SecretStoreDamaged extends Error {
  readonly code = 'KEYRING_DAMAGED'
  readonly secret: KeyName

  constructor(secret: KeyName, why: string, options?: ErrorOptions) {
    super(`the secret "${secret}" is damaged: ${why}`, options)
    this.secret = secret
  }
}
