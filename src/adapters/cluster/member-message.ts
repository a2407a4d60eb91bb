import * as v from 'valibot'
import type { Rejected } from '#domain/errors.ts'
import type { ForgottenHost } from '#domain/ports/file-store.ts'
import type { Ack, Kick } from '#domain/room/commands.ts'
import { isNewsEvent, type MemberNews } from '#domain/room/elsewhere.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { command, events, member, refusal } from '#protocol/schema.ts'
import { SealedJson } from './sealed-json.ts'

/** A node's beat, arrival, departure, or question about the others before its arrival. */
export interface Greeting {
  readonly host: string
  readonly type: 'ask' | 'new' | 'here' | 'bye'
  /** The number of its members in all rooms; and the milliseconds that it may be behind the log. */
  readonly members: number
  readonly lagMs: number
  readonly version: string
  /** Its address for other nodes: `http://HOST:PORT`, or `https://HOST:PORT#FINGERPRINT`; left out before it listens. */
  readonly url?: string
}

/** News about a node's members in a room, under its next number; in an answer, all of them. */
export interface NewsMessage {
  readonly host: string
  readonly number: number
  readonly news: readonly MemberNews[]
}

/** A request to another node. */
export type Wish =
  | { readonly type: 'list'; readonly room: string }
  | { readonly type: 'where'; readonly member: string }
  | { readonly type: 'kick'; readonly room: string; readonly by: Member; readonly command: Kick }
  | { readonly type: 'forget'; readonly node: string }

const hostName = v.pipe(v.string(), v.regex(/^[\w-]{1,64}\.[\w-]{1,32}$/))
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const newsEvent = v.pipe(
  events,
  v.transform(([event]) => event),
  v.custom<MemberNews['event']>((event) => event !== undefined && isNewsEvent(event as RoomEvent)),
)
const wrapped = v.pipe(
  v.unknown(),
  v.transform((event) => [event]),
  newsEvent,
)
const news = v.object({
  event: wrapped,
  person: v.exactOptional(v.string()),
  keyless: v.exactOptional(v.literal(true)),
})
const greeting = v.object({
  host: hostName,
  type: v.picklist(['ask', 'new', 'here', 'bye']),
  members: number,
  lagMs: number,
  version: v.string(),
  url: v.exactOptional(v.pipe(v.string(), v.maxLength(400))),
})
const newsMessage = v.object({ host: hostName, number, news: v.array(news) })
const kick = v.pipe(
  command,
  v.custom<Kick>((each) => (each as { readonly type?: unknown }).type === 'kick'),
)
const wish = v.variant('type', [
  v.object({ type: v.literal('list'), room: v.string() }),
  v.object({ type: v.literal('where'), member: v.string() }),
  v.object({ type: v.literal('kick'), room: v.string(), by: member, command: kick }),
  v.object({ type: v.literal('forget'), node: v.string() }),
])
const forgotten = v.object({ copying: number, lost: v.array(v.object({ room: v.string(), name: v.string() })) })
const rooms = v.array(v.string())
const outcome = v.union([
  v.object({ type: v.literal('ack'), seq: number, duplicate: v.boolean() }),
  v.intersect([v.object({ type: v.literal('rejected') }), refusal]),
])

/** Encodes and decodes the messages about members. */
export class MemberCodec {
  readonly #json: SealedJson

  constructor(key: string) {
    this.#json = new SealedJson(key)
  }

  encodeGreeting(subject: string, message: Greeting): Uint8Array {
    return this.#json.encode(subject, message)
  }

  decodeGreeting(subject: string, data: Uint8Array): Greeting | undefined {
    return this.#json.decode(greeting, subject, data)
  }

  encodeNews(subject: string, message: NewsMessage): Uint8Array {
    return this.#json.encode(subject, message)
  }

  decodeNews(subject: string, data: Uint8Array): NewsMessage | undefined {
    return this.#json.decode(newsMessage, subject, data)
  }

  encodeWish(subject: string, message: Wish): Uint8Array {
    return this.#json.encode(subject, message)
  }

  decodeWish(subject: string, data: Uint8Array): Wish | undefined {
    return this.#json.decode(wish, subject, data)
  }

  encodeRooms(subject: string, names: readonly string[]): Uint8Array {
    return this.#json.encode(subject, names)
  }

  decodeRooms(subject: string, data: Uint8Array): readonly string[] | undefined {
    return this.#json.decode(rooms, subject, data)
  }

  encodeOutcome(subject: string, message: Ack | Rejected): Uint8Array {
    return this.#json.encode(subject, message)
  }

  encodeForgotten(subject: string, message: ForgottenHost): Uint8Array {
    return this.#json.encode(subject, message)
  }

  decodeForgotten(subject: string, data: Uint8Array): ForgottenHost | undefined {
    return this.#json.decode(forgotten, subject, data)
  }

  decodeOutcome(subject: string, data: Uint8Array): Ack | Rejected | undefined {
    return this.#json.decode(outcome, subject, data) as Ack | Rejected | undefined
  }
}
