import { describe, expect, test } from 'vitest'
import { FrameSplitter, joinFrame } from '#protocol/frames.ts'

const messages = [Uint8Array.of(1), new Uint8Array(300).fill(7), Uint8Array.of(2, 3), new Uint8Array(5000).fill(9)]
const wire = new Uint8Array(Buffer.concat(messages.map(joinFrame)))
const split = (splitter: FrameSplitter, chunks: readonly Uint8Array[]) =>
  chunks.flatMap((chunk) => splitter.push(chunk)).map((message) => Buffer.from(message).toString('hex'))
const wanted = messages.map((message) => Buffer.from(message).toString('hex'))

describe('frames', () => {
  test('come out whole at every split in two', () => {
    for (let at = 0; at <= wire.length; at++) {
      const splitter = new FrameSplitter(5000)
      expect(split(splitter, [wire.subarray(0, at), wire.subarray(at)])).toEqual(wanted)
      expect(splitter.partial).toBe(false)
    }
  })

  test('come out whole byte by byte', () => {
    const splitter = new FrameSplitter(5000)
    const bytes = Array.from(wire, (byte) => Uint8Array.of(byte))
    expect(split(splitter, bytes)).toEqual(wanted)
  })

  test.each([1, 2, 3, 5, 7, 64, 255, 256, 257, 1000])('come out whole in pieces of %i', (size) => {
    const pieces = Array.from({ length: Math.ceil(wire.length / size) }, (_, index) =>
      wire.subarray(index * size, (index + 1) * size),
    )
    expect(split(new FrameSplitter(5000), pieces)).toEqual(wanted)
  })

  test('C34 one that has begun is known to be there from its first byte on', () => {
    const splitter = new FrameSplitter(10)
    expect(splitter.partial).toBe(false)
    splitter.push(Uint8Array.of(0))
    expect(splitter.partial).toBe(true)
    splitter.push(Uint8Array.of(0, 0, 1, 5))
    expect(splitter.partial).toBe(false)
  })

  test.each(['00000000', 'ffffffff', '0000000b'])(
    'C33 the header %s is refused before anything is gathered',
    (header) => {
      const splitter = new FrameSplitter(10)
      const bytes = new Uint8Array(Buffer.from(`00000001aa${header}bbbb00000001cc`, 'hex'))
      expect(split(splitter, [bytes])).toEqual(['aa'])
      expect(splitter.fault?.code).toBe('BAD_MESSAGE')
      expect(splitter.push(joinFrame(Uint8Array.of(1)))).toEqual([])
    },
  )
})
