import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageEnds } from '#server/session/websocket.ts'

/** A frame of a client's. */
function frame(head: number, length: number): Buffer {
  const size =
    length < 126
      ? Buffer.of(0x80 | length)
      : length < 65_536
        ? Buffer.of(0xfe, length >> 8, length & 0xff)
        : Buffer.of(0xff, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff)
  return Buffer.concat([Buffer.of(head), size, Buffer.alloc(4, 0x81), Buffer.alloc(length, 0x82)])
}

test('C34: wherever what came is split, it is known when a message has ended, and whether one has begun', () => {
  const part = fc.record({
    head: fc.constantFrom(0x82, 0x02, 0x00, 0x80, 0x89, 0x8a),
    length: fc.constantFrom(0, 1, 125, 126, 300, 65_536),
  })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 70_000 })), (parts, sizes) => {
      const bytes = Buffer.concat(parts.map(({ head, length }) => frame(head, length)))
      let at = 0
      let within = false
      const ends = parts.flatMap(({ head, length }) => {
        at += frame(head, length).length
        if ((head & 8) === 0) within = (head & 0x80) === 0
        return within ? [] : [at]
      })
      const seen = new MessageEnds()
      const wrong: number[] = []
      for (let from = 0, turn = 0; from < bytes.length; turn++) {
        const to = Math.min(bytes.length, from + (sizes[turn % sizes.length] ?? 1))
        const ended = ends.some((end) => end > from && end <= to)
        if (seen.push(bytes.subarray(from, to)) !== ended || seen.partial === ends.includes(to)) wrong.push(to)
        from = to
      }
      expect(wrong).toEqual([])
    }),
    { numRuns: 100 },
  )
})
