import { pack } from '#msgpack'
import type { ClientMessage, HostMessage } from './messages.ts'

/** A message as msgpack, in a buffer of its own. */
export const encodeMessage = (message: ClientMessage | HostMessage): Uint8Array => pack(message)
