import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { type Bucket, update } from '#cluster/bucket.ts'
import type { ClusterConnection } from '#cluster/connection.ts'
import { nameOf, tokenOf } from '#cluster/subjects.ts'
import { failureText } from '#domain/names/text.ts'
import {
  type KeyName,
  type SecretStore,
  SecretStoreDamaged,
  type SharedSecretStore,
} from '#domain/ports/secret-store.ts'
import type { Log } from '#domain/ports/system.ts'

const WRITE_MS = 10_000
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** Secrets of one node: by them it spares those who come in over SSH a second question. */
const OWN: readonly KeyName[] = ['ssh-known', 'ssh-owners']
const ROOM = 'room-'

/** The token, the owner's key, those of rooms and others that are the same at every node: in a bucket, encrypted where the cluster has a key. */
export class ClusterSecretStore implements SharedSecretStore {
  readonly #bucket: Bucket
  readonly #connection: Pick<ClusterConnection, 'whenReady'>
  readonly #key: Buffer | undefined
  readonly #own: SecretStore
  readonly #log: Log

  /** `own`: of this node alone. */
  constructor(
    bucket: Bucket,
    connection: Pick<ClusterConnection, 'whenReady'>,
    key: string | undefined,
    own: SecretStore,
    log: Log,
  ) {
    this.#bucket = bucket
    this.#connection = connection
    this.#own = own
    this.#log = log
    this.#key = key === undefined ? undefined : Buffer.from(hkdfSync('sha256', key, '', 'tamtam secrets', KEY_BYTES))
  }

  async read(name: KeyName): Promise<string | undefined> {
    if (OWN.includes(name)) return await this.#own.read(name)
    await this.#bucket.open()
    const record = await this.#connection.whenReady(() => this.#bucket.read(name))
    return record && this.#decrypted(name, record.data)
  }

  async write(name: KeyName, secret: string): Promise<void> {
    if (OWN.includes(name)) return await this.#own.write(name, secret)
    const data = this.#encrypted(name, secret)
    await update(this.#bucket, name, () => ({ data }), WRITE_MS)
  }

  async claim(name: KeyName, secret: string): Promise<string> {
    if ((await this.read(name)) === undefined) {
      const data = this.#encrypted(name, secret)
      await update(this.#bucket, name, (before) => (before === undefined ? { data } : undefined), WRITE_MS)
    }
    return (await this.read(name)) ?? secret
  }

  async changeRoom(
    room: string,
    change: (kept: string | undefined) => string | undefined,
  ): Promise<string | undefined> {
    const key = `${ROOM}${tokenOf(room)}`
    const changed = (before: Uint8Array | undefined) => {
      const next = change(before && this.#decrypted(key, before))
      return next === undefined ? undefined : { data: this.#encrypted(key, next) }
    }
    const kept = await update(this.#bucket, key, changed, WRITE_MS)
    return kept && this.#decrypted(key, kept)
  }

  async readRoom(room: string): Promise<string | undefined> {
    const key = `${ROOM}${tokenOf(room)}`
    const record = await this.#bucket.read(key)
    return record && this.#decrypted(key, record.data)
  }

  async followRooms(changed: (room: string, kept: string) => void): Promise<void> {
    let isFollowing = false
    let failure: unknown
    await this.#bucket.follow((key, data) => {
      const room = key.startsWith(ROOM) ? nameOf(key.slice(ROOM.length)) : undefined
      if (room === undefined) return
      try {
        changed(room, this.#decrypted(key, data))
      } catch (error) {
        failure ??= error
        // The room keeps the secrets that it has.
        if (isFollowing) this.#log.error('the secrets of a room cannot be read', { room, error: failureText(error) })
      }
    })
    if (failure !== undefined) throw failure
    isFollowing = true
  }

  #encrypted(key: string, secret: string): Uint8Array {
    if (this.#key === undefined) return Buffer.from(secret)
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(key))
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), text])
  }

  #decrypted(key: string, data: Uint8Array): string {
    const bytes = Buffer.from(data)
    if (this.#key === undefined) return bytes.toString()
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAAD(Buffer.from(key)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch (cause) {
      const name = key.startsWith(ROOM) ? 'rooms' : (key as KeyName)
      throw new SecretStoreDamaged(name, 'it was not encrypted with this TAMTAM_CLUSTER_KEY', { cause })
    }
  }
}
