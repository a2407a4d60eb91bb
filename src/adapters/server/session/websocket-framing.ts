import { batchEncoder } from './batches.ts'
import type { Framing } from './transport.ts'

const FINAL_BINARY = 0x82
const TWO_BYTES = 126
const EIGHT_BYTES = 127

/** A binary message in one frame of a server's: not masked, not compressed (RFC 6455, section 5.2). */
export function binaryFrame(message: Uint8Array): Uint8Array {
  const { length } = message
  const headerBytes = length < TWO_BYTES ? 2 : length < 2 ** 16 ? 4 : 10
  const frame = new Uint8Array(headerBytes + length)
  const view = new DataView(frame.buffer)
  frame[0] = FINAL_BINARY
  if (headerBytes === 2) frame[1] = length
  else if (headerBytes === 4) {
    frame[1] = TWO_BYTES
    view.setUint16(2, length)
  } else {
    frame[1] = EIGHT_BYTES
    view.setBigUint64(2, BigInt(length))
  }
  frame.set(message, headerBytes)
  return frame
}

/**
 * Frames of our own making that go to the connection as they are: a batch is framed once for all readers, where ws would frame it for
 * each. Without compression ws has nothing of its own in between that they could overtake.
 */
export const framing: Framing = { frame: binaryFrame, batches: batchEncoder(binaryFrame) }
