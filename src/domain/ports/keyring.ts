/** What a host keeps secret, by name: how links are signed, who owns it, its token, and what its rooms ask for. */
export type KeyName = 'links' | 'owner' | 'token' | 'rooms'

/** Where secrets are kept over restarts, for nobody but the host to read. */
export interface Keyring {
  /** Undefined where none was written. Another process may have written it. */
  read(name: KeyName): Promise<string | undefined>
  /** Replaces what was there in one step, and resolves once it would survive a crash. The last write counts. */
  write(name: KeyName, secret: string): Promise<void>
}
