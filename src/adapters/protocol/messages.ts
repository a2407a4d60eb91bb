import * as v from 'valibot'
import { type Rejected, rejected } from '#domain/errors.ts'
import { pack, unpack } from '#msgpack'
import { prescan } from './prescan.ts'
import {
  type ClientMessages,
  clientMessages,
  faultIn,
  type HostMessages,
  hostMessages,
  oneOf,
  typeOf,
} from './schema.ts'
import { readerOf, unfit } from './schema-reader.ts'

/** The version of the Session protocol: `docs/reference/session-protocol.md`. */
export const PROTOCOL_VERSION = 1

/** The subprotocol that a WebSocket asks for. */
export const SUBPROTOCOL = 'tamtam.1'

/** The protocol's own sizes (`docs/reference/session-protocol.md`): not settings, since both sides must agree. */
export interface MessageLimits {
  readonly bytes: number
  /** Values in all, at every depth; keys do not count. */
  readonly items: number
}

export const clientMessageLimits: MessageLimits = { bytes: 64 * 1024, items: 512 }
export const hostMessageLimits: MessageLimits = { bytes: 256 * 1024, items: 65_536 }

export type ClientMessage = ClientMessages[keyof ClientMessages]
export type HostMessage = HostMessages[keyof HostMessages]
export type Hello = ClientMessages['hello']
export type JoinRoom = ClientMessages['join']
export type JoinedRoom = HostMessages['joined']
export type Self = HostMessages['self']
export type CommandAck = HostMessages['ack']
export type CommandRejected = HostMessages['rejected']

/** A message as msgpack, in a buffer of its own. */
export const encodeMessage = (message: ClientMessage | HostMessage): Uint8Array => pack(message)

/** A client's message, or BAD_MESSAGE with its fault, which should end the connection. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage | Rejected {
  const value = decoded(bytes, clientMessageLimits)
  return typeof value === 'string' ? bad(value) : clientMessage(value.value)
}

/**
 * A host's message, or BAD_MESSAGE with its fault; undefined where it is of a kind that only a newer host has, which
 * is to be passed over.
 */
export function decodeHostMessage(bytes: Uint8Array): HostMessage | Rejected | undefined {
  const value = decoded(bytes, hostMessageLimits)
  if (typeof value === 'string') return bad(value)
  const type = typeOf(value.value)
  if (typeof type === 'string' && !Object.hasOwn(hostMessages, type)) return undefined
  return hostMessage(value.value)
}

const clientMessage = /* @__PURE__ */ checkOf(oneOf(clientMessages))
const hostMessage = /* @__PURE__ */ checkOf(oneOf(hostMessages))
const firstFault = { abortEarly: true } as const

/** Limits first, and nothing is made of the bytes before the prescan; or why they are no value. */
function decoded(bytes: Uint8Array, limits: MessageLimits): { readonly value: unknown } | string {
  if (bytes.length > limits.bytes) return 'it is too long'
  const fault = prescan(bytes, limits.items)
  if (fault !== undefined) return fault
  try {
    return { value: unpack(bytes) }
  } catch {
    // The decoder's own message may quote the input, so it goes nowhere.
    return 'it is no msgpack'
  }
}

/** The quick reader first; valibot has the last word, and the words for what is wrong. */
function checkOf<Schema extends v.GenericSchema>(schema: Schema): (value: unknown) => v.InferOutput<Schema> | Rejected {
  const read = readerOf(schema)
  return (value) => {
    const given = read(value)
    if (given !== unfit) return given
    const result = v.safeParse(schema, value, firstFault)
    return result.success ? result.output : bad(faultIn(result.issues))
  }
}

const bad = (why: string): Rejected => rejected('BAD_MESSAGE', `this message can't be read: ${why}`)
