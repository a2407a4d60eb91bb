import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Log } from '#domain/ports/system.ts'
import type { HostToken, OwnerKey } from '../security/host-token.ts'
import type { Persons } from '../security/persons.ts'
import type { PublicKey } from './transport.ts'

export interface KnownKeysParts {
  readonly secretStore: SecretStore
  readonly persons: Persons
  readonly owner: OwnerKey
  /** Left out where the host is open. */
  readonly token?: HostToken
  readonly log: Log
  /** As many keys are remembered. */
  readonly most: number
}

/** Whom a public key stands for, and whether it came in with the host's token before. */
export class KnownKeys {
  readonly #parts: KnownKeysParts
  /** Fingerprints, and the seal of the token that each came in with; the newest last. */
  #seals = new Map<string, string>()
  #writing: Promise<void> | undefined

  constructor(parts: KnownKeysParts) {
    this.#parts = parts
  }

  /** To be awaited before any other. */
  async open(): Promise<void> {
    const kept = await this.#parts.secretStore.read('ssh-known')
    const lines = (kept ?? '').split('\n').map((line) => line.split(' '))
    // Others than whole ones are of a file that somebody changed; their keys ask for the token once more.
    this.#seals = new Map(lines.flatMap(([key, seal]) => (key && seal ? [[key, seal] as const] : [])))
  }

  /** The key of ours that its holder has: the owner's, where the owner has said so, or one of its own. */
  async keyFor({ blob }: PublicKey): Promise<string> {
    const { owner, persons, secretStore } = this.#parts
    const isOwners = keysIn(await secretStore.read('ssh-owners')).includes(blob.toString('base64'))
    return isOwners ? owner.key : persons.keyOf('ssh', blob.toString('base64'))
  }

  /** The host's token, where a key has come in with it before. */
  tokenOf({ fingerprint }: PublicKey): string | undefined {
    const token = this.#parts.token?.text
    const isKnown = token !== undefined && this.#seals.get(fingerprint) === this.#sealOf(token)
    return isKnown ? token : undefined
  }

  /** A key has come in with this token. */
  remember({ fingerprint }: PublicKey, token: string): void {
    if (token !== this.#parts.token?.text) return
    const seal = this.#sealOf(token)
    if (this.#seals.get(fingerprint) === seal) return
    this.#seals.delete(fingerprint)
    this.#seals.set(fingerprint, seal)
    const [oldest] = this.#seals.keys()
    if (this.#seals.size > this.#parts.most && oldest !== undefined) this.#seals.delete(oldest)
    this.#writing ??= this.#write()
  }

  #sealOf(token: string): string {
    return this.#parts.persons.sealOf('token', token)
  }

  /** Once for all that come in at one moment. */
  async #write(): Promise<void> {
    await Promise.resolve()
    this.#writing = undefined
    const lines = Array.from(this.#seals, ([key, seal]) => `${key} ${seal}\n`)
    try {
      await this.#parts.secretStore.write('ssh-known', lines.join(''))
    } catch (error) {
      this.#parts.log.error('the known SSH keys can not be kept', { error: String(error) })
    }
  }
}

/** The keys of a file of OpenSSH's (`authorized_keys`, or `*.pub`), as base64. Options before a key are not looked at. */
export const keysIn = (text = ''): readonly string[] =>
  text.split('\n').flatMap((line) => {
    if (line.trimStart().startsWith('#')) return []
    const [, key] = /(?:^|\s)(?:ssh-|ecdsa-|sk-)\S+\s+(AAAA[\w+/]+=*)/.exec(line) ?? []
    return key === undefined ? [] : [key]
  })
