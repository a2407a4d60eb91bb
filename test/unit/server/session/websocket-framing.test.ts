import { expect, test } from 'vitest'
import { binaryFrame } from '#server/session/websocket.ts'

// RFC 6455, section 5.2: the shortest of three ways to write a length, and no mask from a server.
test.each([
  [1, '8201'],
  [125, '827d'],
  [126, '827e007e'],
  [65_535, '827effff'],
  [65_536, '827f0000000000010000'],
  [262_144, '827f0000000000040000'],
])('a message of %i bytes stands behind %s', (size, header) => {
  const message = Buffer.alloc(size, 7)
  const frame = Buffer.from(binaryFrame(message))
  expect(frame.subarray(0, header.length / 2).toString('hex')).toBe(header)
  expect(frame.subarray(header.length / 2).equals(message)).toBe(true)
})
