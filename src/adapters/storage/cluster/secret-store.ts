import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterConnection } from '#cluster/connection.ts'
import type { Subjects } from '#cluster/subjects.ts'
import { rejected } from '#domain/errors.ts'
import {
  type KeyName,
  SecretRefused,
  type SecretStore,
  SecretStoreDamaged,
  type SharedSecretStore,
} from '#domain/ports/secret-store.ts'

const RETRY_MS = 250
const WRITE_MS = 10_000
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** Secrets of one node: by them it spares those who come in over SSH a second question. */
const OWN: readonly KeyName[] = ['ssh-known', 'ssh-owners']

/** The token, the owner's key and others that are the same at every node: in a stream of NATS, encrypted where the cluster has a key. */
export class ClusterSecretStore implements SharedSecretStore {
  readonly #connection: ClusterConnection
  readonly #subjects: Subjects
  readonly #replicas: number
  readonly #key: Buffer | undefined
  readonly #own: SecretStore
  #opening: Promise<unknown> | undefined

  /** `own`: of this node alone. */
  constructor(
    connection: ClusterConnection,
    subjects: Subjects,
    replicas: number,
    key: string | undefined,
    own: SecretStore,
  ) {
    this.#own = own
    this.#connection = connection
    this.#subjects = subjects
    this.#replicas = replicas
    this.#key = key === undefined ? undefined : Buffer.from(hkdfSync('sha256', key, '', 'tamtam secrets', KEY_BYTES))
  }

  async read(name: KeyName): Promise<string | undefined> {
    if (OWN.includes(name)) return await this.#own.read(name)
    await this.#open()
    const stored = await this.#connection.whenReady(() =>
      this.#connection.newest(this.#subjects.secretStream, this.#subjects.secret(name)),
    )
    return stored === undefined ? undefined : this.#decrypted(name, Buffer.from(stored.data))
  }

  async write(name: KeyName, secret: string): Promise<void> {
    if (OWN.includes(name)) return await this.#own.write(name, secret)
    if (name === 'rooms') throw new SecretRefused(notShared)
    for (const until = performance.now() + WRITE_MS; performance.now() < until; await pause(RETRY_MS)) {
      const newest = await this.#connection.newest(this.#subjects.secretStream, this.#subjects.secret(name))
      if (await this.#publish(name, secret, newest?.seq ?? 0)) return
    }
    throw new Error('the cluster cannot be reached to keep a secret')
  }

  async claim(name: KeyName, secret: string): Promise<string> {
    for (const until = performance.now() + WRITE_MS; performance.now() < until; await pause(RETRY_MS)) {
      if (await this.#publish(name, secret, 0)) return secret
      const kept = await this.read(name)
      if (kept !== undefined) return kept
    }
    throw new Error('the cluster cannot be reached to keep a secret')
  }

  #open(): Promise<unknown> {
    this.#opening ??= this.#ensure().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #ensure(): Promise<void> {
    await this.#connection.open()
    await this.#connection.ensureStream({
      ...{ name: this.#subjects.secretStream, subjects: this.#subjects.secret('*') },
      ...{ newestOnly: true, replicas: this.#replicas, metadata: {} },
    })
  }

  async #publish(name: KeyName, secret: string, expected: number): Promise<boolean> {
    await this.#open()
    const subject = this.#subjects.secret(name)
    const published = await this.#connection.publish(subject, this.#encrypted(name, secret), subject, expected)
    return published.status === 'kept'
  }

  #encrypted(name: KeyName, secret: string): Uint8Array {
    if (this.#key === undefined) return Buffer.from(secret)
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(name))
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), text])
  }

  #decrypted(name: KeyName, bytes: Buffer): string {
    if (this.#key === undefined) return bytes.toString()
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch (cause) {
      throw new SecretStoreDamaged(name, 'it was not encrypted with this TAMTAM_CLUSTER_KEY', { cause })
    }
  }
}

const notShared = rejected(
  'NOT_ALLOWED',
  'the nodes of a cluster share no passwords, invitations and drop links of rooms yet; /lock keeps others out',
)
