import { Packr } from 'msgpackr'
import type { ClientMessage, HostMessage } from './messages.ts'

const packr = new Packr({ useRecords: false, variableMapSize: true })

/** A message as msgpack, in a buffer of its own. */
export function encodeMessage(message: ClientMessage | HostMessage): Uint8Array {
  // A copy: the packer answers a view on a buffer that is much larger, and that it goes on to use.
  return new Uint8Array(packr.pack(message))
}
