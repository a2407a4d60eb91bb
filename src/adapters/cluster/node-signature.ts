import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#domain/ports/system.ts'

/** The header by which a node shows that a request is of another node. */
export const NODE_HEADER = 'tamtam-node'

const APART_MS = 60_000
const NONCE_BYTES = 12
/** Of so many requests in two minutes the nonces are kept; more are refused. */
const MOST_NONCES = 200_000

/** What of a request is signed. */
export interface SignedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
}

/** Signs requests from node to node, each for once: method, path, time, nonce, and for whom it is passed on. */
export class NodeSignature {
  readonly #clock: Pick<Clock, 'now'>
  #key = ''
  /** When each nonce that was taken may be forgotten. The oldest comes first. */
  readonly #taken = new Map<string, number>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** `key`: the same at every node. Until it is known no request is of a node. */
  open(key: string): void {
    this.#key = key
  }

  /** `client`: the address of the client whose request this is; empty for the node's own. */
  sign({ method, path }: SignedRequest, client = ''): string {
    const head = [this.#clock.now(), randomBytes(NONCE_BYTES).toString('base64url'), encoded(client)].join('.')
    return `${head}.${this.#seal(method, path, head)}`
  }

  /** For whom a request is passed on; undefined where it is not of a node, or came before. */
  verify({ method, path }: SignedRequest, signature: string): string | undefined {
    const [time = '', nonce = '', client = '', seal = '', ...more] = signature.split('.')
    const expected = Buffer.from(this.#seal(method, path, [time, nonce, client].join('.')))
    const told = Buffer.from(seal)
    const isRight = told.length === expected.length && timingSafeEqual(told, expected)
    const now = this.#clock.now()
    if (this.#key === '' || !isRight || more.length > 0 || Math.abs(now - Number(time)) > APART_MS) return undefined
    for (const [old, until] of this.#taken) {
      if (until > now) break
      this.#taken.delete(old)
    }
    if (this.#taken.has(nonce) || this.#taken.size >= MOST_NONCES) return undefined
    this.#taken.set(nonce, now + 2 * APART_MS)
    return Buffer.from(client, 'base64url').toString()
  }

  #seal(method: string, path: string, head: string): string {
    return createHmac('sha256', this.#key).update(`${method}\n${path}\n${head}`).digest('base64url')
  }
}

const encoded = (text: string): string => Buffer.from(text).toString('base64url')
