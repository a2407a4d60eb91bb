import { describe, expect, it } from 'vitest'
import { SseDecoder } from '#protocol/sse.ts'

const TEXT =
  ': hidup\n\nid: 7\ndata: {"t":"halo 😀"}\n\nevent: x\r\ndata:a\r\ndata: b\r\n\r\ndata\nid: 9\n\ndata:  dua\n\ndata: belum'
const EVENTS = ['{"t":"halo 😀"}', 'a\nb', ' dua']

const decoded = (...chunks: Uint8Array[]) => {
  const decoder = new SseDecoder()
  return chunks.flatMap((chunk) => decoder.decode(chunk))
}

describe('server-sent events', () => {
  const bytes = Buffer.from(TEXT)
  it('are the same wherever the bytes are split in two', () => {
    for (let at = 0; at <= bytes.length; at++)
      expect(decoded(bytes.subarray(0, at), bytes.subarray(at)), `split at ${at}`).toEqual(EVENTS)
  })
  it('are the same byte by byte', () => {
    expect(decoded(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(EVENTS)
  })
  it('end where one has no end', () => {
    const decoder = new SseDecoder()
    const much = Buffer.alloc(300_000, 'a')
    expect(() => {
      for (let count = 0; count < 5; count++) decoder.decode(much)
    }).toThrow('without an end')
  })
})
