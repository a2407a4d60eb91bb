import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { subnetOf } from '#domain/names/subnet.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import { keptSecret } from './host-token.ts'
import type { KeptDropLink } from './room-secrets.ts'

/** The path of a file on this host, which is below `basePath`. `SEND` never stands in it: clients of the seed would take it for a file (`guardSend`). */
export const fileUrl = ({ id, name }: { id: string; name: string }, basePath: string): string =>
  `${basePath}/files/${id}/${encoded(name)}`

/** The path of a file in a folder, which is a file itself. */
export const memberUrl = (folder: { id: string; name: string }, path: string, basePath: string): string =>
  `${fileUrl(folder, basePath)}/${path.split('/').map(encoded).join('/')}`

/** Stands for a file in the links to the archives of a room: no file has such an id. */
export const archivesOf = (room: string): string => `archives of ${room}`

const encoded = (name: string): string => encodeURIComponent(name.toWellFormed()).replaceAll('SEND', '%53END')

/** The holder of a link: the credentials that they had are checked again each time it is used. */
export interface SignedLinkHolder {
  readonly credential?: string
  /** The credential is an invitation: the link ends with it. */
  readonly invited?: boolean
  /** Names the password that the room had: the link ends with it. */
  readonly passwordId?: string
  readonly name?: string
  /** Their member id. */
  readonly member?: string
  /** It may also go on with the file, or withdraw it: its sender has it, and gives it to nobody. */
  readonly sends?: boolean
}

export interface SignedLink {
  readonly text: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Links that open one file, or the archives of a room, for a while, to every holder, with the credentials of their author: a plain link can carry nothing
 * else. They are sealed, so that nobody reads the credentials in them, and nobody forges one (C120: the seal is compared in constant
 * time).
 */
export class SignedLinks {
  readonly #secretStore: SecretStore
  readonly #clock: Clock
  readonly #ms: number
  #key: Buffer | undefined

  constructor(secretStore: SecretStore, clock: Clock, ms: number) {
    this.#secretStore = secretStore
    this.#clock = clock
    this.#ms = ms
  }

  /** To be awaited before any other: the key is the same after a restart, for a download that goes on then. */
  async open(): Promise<void> {
    const secret = await keptSecret(this.#secretStore, 'links', () => randomBytes(32).toString('hex'))
    this.#key = createHash('sha256').update(`tamtam links ${secret}`).digest()
  }

  /** `file`: its id, or `archivesOf` a room. */
  issue(file: string, holder: SignedLinkHolder): SignedLink {
    const expiresAt = this.#clock.now() + this.#ms
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#secret, nonce).setAAD(Buffer.from(file))
    const sealed = cipher.update(JSON.stringify({ ...holder, expiresAt }))
    const text = Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64url')
    return { text, expiresAt }
  }

  /** The path of a file, of a folder that of its zip: signed where something must be shown, and for `member` where it is not for everybody. */
  pathOf(
    { id, name, folder }: { readonly id: string; readonly name: string; readonly folder?: unknown },
    basePath: string,
    holder: SignedLinkHolder | undefined,
    member?: { readonly id: string; readonly name: string },
  ): string {
    const path = fileUrl({ id, name: folder === undefined ? name : `${name}.zip` }, basePath)
    if (holder === undefined && member === undefined) return path
    const own = member === undefined ? holder : { ...holder, member: member.id, name: member.name }
    // Not `SEND`, for readers of files as bytes (`guardSend`).
    return `${path}?ticket=${this.issue(id, own ?? {}).text.replaceAll('SEND', '%53END')}`
  }

  /** Undefined where the link is not for this file, has expired, or was not made here. */
  holderOf(text: string, file: string): SignedLinkHolder | undefined {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    const tagAt = bytes.length - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, this.#secret, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(file)).setAuthTag(bytes.subarray(tagAt))
    const plain = decipher.update(bytes.subarray(NONCE_BYTES, tagAt))
    try {
      decipher.final()
    } catch {
      // Sealed by another host, or not at all: the cipher says no more of it.
      return undefined
    }
    const { expiresAt, ...holder } = JSON.parse(plain.toString()) as SignedLinkHolder & Pick<SignedLink, 'expiresAt'>
    return expiresAt > this.#clock.now() ? holder : undefined
  }

  /** A name for `text` that only this host makes, the same after a restart; nobody can tell the text from it. */
  pseudonymOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest().subarray(0, 16).toString('base64url')
  }

  /** What stands in the address of a drop link: its id, and a signature in hexadecimal digits, since clients of the seed look for words. */
  dropLinkText({ id, room, expiresAt }: KeptDropLink): string {
    const signature = this.pseudonymOf(`drop\n${id}\n${room}\n${expiresAt}`)
    return `${id}${Buffer.from(signature, 'base64url').toString('hex')}`
  }

  /** The owner of an upload whose sender shows no key, known again by name and subnet: one machine changes its address within it. */
  uploaderOf(name: string, address: string): string {
    return this.pseudonymOf(`upload\n${subnetOf(address)}\n${name}`)
  }

  get #secret(): Buffer {
    if (this.#key === undefined) throw new Error('signed links were used before they were opened')
    return this.#key
  }
}
