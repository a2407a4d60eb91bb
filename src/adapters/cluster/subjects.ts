import { crc32 } from 'node:zlib'

/** What the messages of a room's subjects hold. */
export type MessageKind = 'chat' | 'facts' | 'trim'

const LETTER = { chat: 'c', facts: 'f', trim: 't' } as const satisfies Record<MessageKind, string>
const KIND_OF: ReadonlyMap<string, MessageKind> = new Map(
  Object.entries(LETTER).map(([kind, letter]) => [letter, kind as MessageKind]),
)
const ROOM = /^r[\w-]*$/

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

  /** The stream of the secrets that all nodes share, and their subjects. */
  get secretStream(): string {
    return `${this.#cluster}_SECRETS`
  }

  secret(name: string): string {
    return `${this.#cluster}.secrets.${name}`
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
    if (cluster !== this.#cluster || kind === undefined || !ROOM.test(token) || more.length > 0) return undefined
    const room = Buffer.from(token.slice(1), 'base64url').toString()
    return tokenOf(room) === token && `j${this.shardOf(room)}` === shard ? { room, kind } : undefined
  }
}

const tokenOf = (room: string): string => `r${Buffer.from(room).toString('base64url')}`
