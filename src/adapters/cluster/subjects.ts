import { crc32 } from 'node:zlib'

/** What the messages of a room's subjects hold. */
export type MessageKind = 'chat' | 'facts' | 'trim'

const LETTER = { chat: 'c', facts: 'f', trim: 't' } as const satisfies Record<MessageKind, string>
const KIND_OF: ReadonlyMap<string, MessageKind> = new Map(
  Object.entries(LETTER).map(([kind, letter]) => [letter, kind as MessageKind]),
)
const TOKEN = /^r[\w-]*$/

/** The subjects and streams of one cluster. Rooms are spread over shards, a stream for each, by a checksum of their names. */
export class Subjects {
  readonly #cluster: string
  readonly #shards: number

  constructor(cluster: string, shards: number) {
    this.#cluster = cluster
    this.#shards = shards
  }

  get shards(): readonly number[] {
    return Array.from({ length: this.#shards }, (_, shard) => shard)
  }

  stream(shard: number): string {
    return `${this.#cluster}_J${shard}`
  }

  /** Where nodes tell that they live. */
  get beat(): string {
    return `${this.#cluster}.n`
  }

  /** Where one node is asked for something. */
  node(host: string): string {
    return `${this.#cluster}.do.${host}`
  }

  /** Where nodes tell of their members in a room. */
  members(room: string): string {
    return `${this.#cluster}.p.${tokenOf(room)}`
  }

  /** Of records that all nodes share. */
  bucket(name: 'secrets' | 'names'): BucketSubjects {
    return new BucketSubjects(this.#cluster, name)
  }

  /** All subjects of a shard's stream. */
  ofShard(shard: number): string {
    return `${this.#cluster}.j${shard}.>`
  }

  /** Where the stream sends its messages once they are kept. */
  live(shard: number): string {
    return `${this.#cluster}.live${shard}.>`
  }

  shardOf(room: string): number {
    return crc32(tokenOf(room)) % this.#shards
  }

  /** A room's subject for one kind; `*`: for all. */
  ofRoom(room: string, kind: MessageKind | '*'): string {
    return `${this.#cluster}.j${this.shardOf(room)}.${tokenOf(room)}.${kind === '*' ? '*' : LETTER[kind]}`
  }

  /** Room and kind of a subject; undefined where it is none of ours. */
  parse(subject: string): { readonly room: string; readonly kind: MessageKind } | undefined {
    const [cluster, shard, token = '', letter = '', ...more] = subject.split('.')
    const kind = KIND_OF.get(letter)
    if (cluster !== this.#cluster || kind === undefined || more.length > 0) return undefined
    const room = nameOf(token)
    return room !== undefined && `j${this.shardOf(room)}` === shard ? { room, kind } : undefined
  }
}

/** The stream of a bucket, and the subjects of its records. */
export class BucketSubjects {
  readonly stream: string
  readonly live: string
  readonly #prefix: string

  constructor(cluster: string, name: string) {
    this.stream = `${cluster}_${name.toUpperCase()}`
    this.live = `${cluster}.live-${name}.>`
    this.#prefix = `${cluster}.${name}.`
  }

  get all(): string {
    return `${this.#prefix}>`
  }

  /** `key`: letters, digits, `-` and `_`. */
  of(key: string): string {
    return `${this.#prefix}${key}`
  }

  keyOf(subject: string): string | undefined {
    return subject.startsWith(this.#prefix) ? subject.slice(this.#prefix.length) : undefined
  }
}

/** A name of any letters as a part of a subject. */
export const tokenOf = (name: string): string => `r${Buffer.from(name).toString('base64url')}`

/** The name of such a part; undefined where it is none. */
export function nameOf(token: string): string | undefined {
  const name = TOKEN.test(token) ? Buffer.from(token.slice(1), 'base64url').toString() : undefined
  return name !== undefined && tokenOf(name) === token ? name : undefined
}
