import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { subnetOf } from '#domain/names/subnet.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import { keptSecret } from './host-token.ts'
import type { KeptDropLink } from './room-secrets.ts'

/**
 * The path of a file on this host, below `basePath`. It never contains `SEND`, which the seed's clients would take for a file
 * (`guardSend`).
 */
export const fileUrl = ({ id, name }: { id: string; name: string }, basePath: string): string =>
  `${basePath}/files/${id}/${encoded(name)}`

/** The path of a file inside a folder. */
export const memberUrl = (folder: { id: string; name: string }, path: string, basePath: string): string =>
  `${fileUrl(folder, basePath)}/${path.split('/').map(encoded).join('/')}`

/** Represents the archives of a room in links, in place of a file's id; no file has such an id. */
export const archivesOf = (room: string): string => `archives of ${room}`

const encoded = (name: string): string => encodeURIComponent(name.toWellFormed()).replaceAll('SEND', '%53END')

/** The holder of a link, whose earlier credentials are checked again at each use. */
export interface SignedLinkHolder {
  readonly credential?: string
  /** The credential is an invitation: the link ends with it. */
  readonly invited?: boolean
  /** Identifies the room's password at that time: the link ends with it. */
  readonly passwordId?: string
  readonly name?: string
  /** Their member id. */
  readonly member?: string
  /** It also allows continuing the upload, or withdrawing it: it is given only to the sender, who shares it with nobody. */
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
 * Links that open one file, or the archives of a room, for a while, to everybody who has them, with the credentials of their author: a
 * plain link can carry nothing else. They are encrypted and sealed, so that nobody reads the credentials in them or forges one (C120:
 * the seal is compared in constant time).
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

  /** Await it before any other call. The key survives a restart, for a download that continues afterwards. */
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

  /** The path of a file; for a folder, of its zip. Signed if credentials are needed, and for `member` if not everybody may see the file. */
  pathOf(
    { id, name, folder }: { readonly id: string; readonly name: string; readonly folder?: unknown },
    basePath: string,
    holder: SignedLinkHolder | undefined,
    member?: { readonly id: string; readonly name: string },
  ): string {
    const path = fileUrl({ id, name: folder === undefined ? name : `${name}.zip` }, basePath)
    if (holder === undefined && member === undefined) return path
    const own = member === undefined ? holder : { ...holder, member: member.id, name: member.name }
    // Without `SEND`, for clients that read files as bytes (`guardSend`).
    return `${path}?ticket=${this.issue(id, own ?? {}).text.replaceAll('SEND', '%53END')}`
  }

  /** Undefined if the link is for another file, has expired, or was not made here. */
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
      // Sealed by another host, or not at all: the cipher does not tell.
      return undefined
    }
    const { expiresAt, ...holder } = JSON.parse(plain.toString()) as SignedLinkHolder & Pick<SignedLink, 'expiresAt'>
    return expiresAt > this.#clock.now() ? holder : undefined
  }

  /** A name for `text` that only this host can make, the same after a restart; it does not reveal the text. */
  pseudonymOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest().subarray(0, 16).toString('base64url')
  }

  /** The text of a drop link in its address: its id, and a signature in hexadecimal digits, since the seed's clients look for words. */
  dropLinkText({ id, room, expiresAt }: KeptDropLink): string {
    const signature = this.pseudonymOf(`drop\n${id}\n${room}\n${expiresAt}`)
    return `${id}${Buffer.from(signature, 'base64url').toString('hex')}`
  }

  /** The owner of an upload from a sender without a key, recognised by name and subnet: one machine may change its address within it. */
  uploaderOf(name: string, address: string): string {
    return this.pseudonymOf(`upload\n${subnetOf(address)}\n${name}`)
  }

  get #secret(): Buffer {
    if (this.#key === undefined) throw new Error('signed links were used before they were opened')
    return this.#key
  }
}
