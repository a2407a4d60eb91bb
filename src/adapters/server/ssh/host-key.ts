import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import { keepNew } from '../security/host-token.ts'

const ALGORITHM = 'ssh-ed25519'
const BLOCK_BYTES = 8
const LINE_CHARS = 70

/** The key by which SSH clients know this host again: Ed25519, made at its first start. */
export class SshHostKey {
  readonly #secretStore: SecretStore
  #seed: Buffer = Buffer.alloc(0)
  #publicKey: Buffer = Buffer.alloc(0)

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore
  }

  /** To be awaited before any other; makes the key where there is none. */
  async open(): Promise<void> {
    const pem = (await this.#secretStore.read('ssh')) ?? (await keepNew(this.#secretStore, 'ssh', newKey()))
    const { seed, publicKey } = partsOf(pem)
    this.#seed = seed
    this.#publicKey = publicKey
  }

  /** As `ssh` shows it at the first connection: `SHA256:…`. */
  get fingerprint(): string {
    return fingerprintOf(this.#publicBlob)
  }

  /** In the format of OpenSSH, unencrypted. */
  get openSsh(): string {
    const check = Buffer.alloc(8)
    const secret = Buffer.concat([
      check,
      this.#publicBlob,
      text(Buffer.concat([this.#seed, this.#publicKey])),
      text('tamtam'),
    ])
    const padding = Uint8Array.from({ length: -secret.length & (BLOCK_BYTES - 1) }, (_, index) => index + 1)
    const bytes = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      ...[text('none'), text('none'), text('')],
      uint32(1),
      text(this.#publicBlob),
      text(Buffer.concat([secret, padding])),
    ])
    const lines = bytes.toString('base64').match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? []
    return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
  }

  get #publicBlob(): Buffer {
    return Buffer.concat([text(ALGORITHM), text(this.#publicKey)])
  }
}

/** The fingerprint of a public key, as OpenSSH writes it. */
export const fingerprintOf = (blob: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function partsOf(pem: string): { readonly seed: Buffer; readonly publicKey: Buffer } {
  try {
    const { crv, d, x } = createPrivateKey(pem).export({ format: 'jwk' })
    if (crv === 'Ed25519' && d !== undefined && x !== undefined)
      return { seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') }
  } catch (error) {
    throw new SecretStoreDamaged('ssh', 'it is no private key', { cause: error })
  }
  throw new SecretStoreDamaged('ssh', 'it is no Ed25519 key')
}

function text(bytes: string | Uint8Array): Buffer {
  const content = Buffer.from(bytes)
  return Buffer.concat([uint32(content.length), content])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
