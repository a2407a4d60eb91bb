import { expect, test } from 'vitest'
import { FrameSplitter, joinFrame } from '#protocol/frames.ts'
import { clientMessageLimits, decodeClientMessage, decodeHostMessage, encodeMessage } from '#protocol/messages.ts'
import { heapAfterCollection, randomFrom } from '../domain/names/fuzzing.ts'
import { clientSamples, hostSamples } from './samples.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const count = Number(process.env['FUZZ_COUNT'] ?? 250_000)
const MAX_GROWTH_BYTES = 8 * 1024 * 1024
/** Heads of every kind of value, and the first letters of what a decoder makes special things of. */
const HEADS = [
  0x80,
  0x81,
  0x8f,
  0x90,
  0x91,
  0x9f,
  0xa0,
  0xa1,
  0xbf,
  ...Array.from({ length: 32 }, (_, at) => 0xc0 + at),
]
const SPECIAL = [0x00, 0x7f, 0xff, 0x72, 0x78, 0x69, 0x70, 0x74, 0x42, 0xe0]

const frames = [...Object.values(clientSamples), ...Object.values(hostSamples)].map((sample) =>
  joinFrame(encodeMessage(sample)),
)

type Random = () => number

/** A frame in which a few bytes are others, are gone, stand twice, or come from another frame. */
function mutated(random: Random): Uint8Array {
  const pick = <T>(from: readonly T[]): T => from[random() % from.length] as T
  let bytes = new Uint8Array(pick(frames))
  for (let times = random() % 4; times > 0; times--) {
    const at = 4 + (random() % Math.max(1, bytes.length - 4))
    switch (random() % 6) {
      case 0:
        bytes[at] = random()
        break
      case 1:
        bytes[at] = pick(HEADS)
        break
      case 2:
        bytes[at] = pick(SPECIAL)
        break
      case 3:
        bytes = bytes.slice(0, at)
        break
      case 4: {
        const end = at + (random() % 24)
        bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]))
        break
      }
      default: {
        const other = pick(frames)
        bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), other.subarray(4 + (random() % other.length))]))
      }
    }
  }
  // Mostly the length is right, so that the message is looked at.
  if (bytes.length >= 4 && random() % 16 > 0) new DataView(bytes.buffer).setUint32(0, bytes.length - 4)
  return bytes
}

test(`C100 to C106: ${count} mutated frames do no harm`, () => {
  const random = randomFrom(seed)
  let taken = 0
  let refused = 0
  let heapAtTenth = 0
  for (let index = 0; index < count; index++) {
    if (index === Math.floor(count / 10)) heapAtTenth = heapAfterCollection()
    const bytes = mutated(random)
    try {
      const splitter = new FrameSplitter(clientMessageLimits.bytes)
      const at = random() % (bytes.length + 1)
      for (const piece of [bytes.subarray(0, at), bytes.subarray(at)])
        for (const message of splitter.push(piece)) {
          const client = decodeClientMessage(message)
          if (client.type === 'rejected') refused++
          else taken++
          // Whatever was understood can be said again, and means the same.
          if (client.type !== 'rejected' && index % 64 === 0)
            expect(decodeClientMessage(encodeMessage(client))).toEqual(client)
          decodeHostMessage(message)
        }
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed} input ${index}: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
    }
  }
  expect(heapAfterCollection() - heapAtTenth, `FUZZ_SEED=${seed}`).toBeLessThan(MAX_GROWTH_BYTES)
  // Both ways are taken often enough to mean something.
  expect(Math.min(taken, refused)).toBeGreaterThan(count / 100)
})
