import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clusterDefaults, engineDefaults } from '#app/defaults.ts'
import { batchOf, kindOf, MESSAGE_BYTES, MessageCodec, NO_SEAL, SEAL_BYTES } from '#cluster/message.ts'
import { Subjects } from '#cluster/subjects.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { Batch } from '#domain/room/batch.ts'
import { numbered } from '../../contract/storage/journal-subject.ts'

const codec = new MessageCodec('rahasia')
const SUBJECT = 'tamtam.j0.rbG9iYnk.c'
const batch = new Batch(
  'lobby',
  numbered(
    [
      { type: 'said', text: 'halo' },
      { type: 'acted', text: 'menari' },
    ],
    7,
  ),
  [{ id: 'a', seq: 8 }],
)
const bytes = codec.encodeBatch(SUBJECT, batch, 'n.i.1', NO_SEAL)

describe('a message of a cluster', () => {
  it('is read as it was made', () => {
    const message = codec.decode(SUBJECT, bytes)
    expect(message).toMatchObject({ type: 'batch', commit: 'n.i.1', first: 7, last: 8, ids: [{ id: 'a', seq: 8 }] })
    if (message?.type !== 'batch') throw new Error('it is a batch')
    expect(batchOf('lobby', message)).toEqual(batch)
    expect(message.previous).toEqual(NO_SEAL)
    expect(message.seal).toHaveLength(SEAL_BYTES)
    expect(codec.decode(SUBJECT, codec.encodeTrim(SUBJECT, 12))).toEqual({ type: 'trim', upTo: 12 })
  })
  it('is none with another key, for another subject, or with any byte changed, added or cut', () => {
    expect(new MessageCodec('lain').decode(SUBJECT, bytes)).toBeUndefined()
    expect(codec.decode('tamtam.j0.rbG9iYnk.f', bytes)).toBeUndefined()
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(codec.decode(SUBJECT, flipped)).toBeUndefined()
      expect(codec.decode(SUBJECT, bytes.subarray(0, at))).toBeUndefined()
    }
    expect(codec.decode(SUBJECT, Uint8Array.of(...bytes, 0))).toBeUndefined()
  })
  it('is made of whatever was sealed, and nothing that was sealed by mistake or malice makes it fail', () => {
    // As somebody with the key could seal it.
    const sealed = (body: Uint8Array) => {
      const before = Uint8Array.of(...body, 0xc4, SEAL_BYTES)
      const seal = createHmac('sha256', 'rahasia').update(SUBJECT).update('\0').update(before).digest()
      return Uint8Array.of(...before, ...seal.subarray(0, SEAL_BYTES))
    }
    const [first = 0] = bytes
    const own = bytes.subarray(0, -SEAL_BYTES - 2)
    expect(codec.decode(SUBJECT, sealed(own))).toEqual(codec.decode(SUBJECT, bytes))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(own.length - 1), fc.nat(255), (body, at, byte) => {
        expect(codec.decode(SUBJECT, body)).toBeUndefined()
        codec.decode(SUBJECT, sealed(body))
        codec.decode(SUBJECT, sealed(Uint8Array.of(first, ...body)))
        codec.decode(SUBJECT, sealed(own.with(at, byte)))
      }),
    )
  })
  it('has the entries that it says, or is not taken', () => {
    const message = codec.decode(SUBJECT, bytes)
    if (message?.type !== 'batch') throw new Error('it is a batch')
    expect(batchOf('lobby', { ...message, first: 6, last: 7 })).toBeUndefined()
    expect(batchOf('lobby', { ...message, last: 9 })).toBeUndefined()
    expect(batchOf('lobby', { ...message, ids: [{ id: 'a', seq: 9 }] })).toBeUndefined()
    expect(() => batchOf('lobby', { ...message, entries: Uint8Array.of(0x91, 99) })).toThrow('cannot be read')
  })
  it('tells by its subject whether there are facts in it', () => {
    expect(kindOf(batch)).toBe('chat')
    expect(kindOf(new Batch('lobby', numbered([{ type: 'topicSet', topic: 'kopi' }])))).toBe('facts')
  })
  it('fits into a message of NATS, however much is said in one commit', () => {
    const { commitCommands, maxTextBytes } = engineDefaults
    const count = Math.min(commitCommands, Math.ceil(clusterDefaults.commitChars / 400))
    const many = numbered(Array.from({ length: count }, () => ({ type: 'said' as const, text: 'あ'.repeat(400) })))
    const last = numbered([{ type: 'said', text: 'x'.repeat(maxTextBytes) }], count + 1)
    const ids = [...many, ...last].map(({ seq }) => ({ id: 'i'.repeat(64), seq }))
    const largest = codec.encodeBatch(SUBJECT, new Batch('lobby', [...many, ...last], ids), 'n.i.1', NO_SEAL)
    expect(largest.length).toBeLessThan(MESSAGE_BYTES)
  })
})

describe('the subjects of a cluster', () => {
  const subjects = new Subjects('tamtam', 4)
  it('name every room, and are read again', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), (room) => {
        fc.pre(typeof checkRoomName(room) === 'string')
        for (const kind of ['chat', 'facts', 'trim'] as const) {
          const subject = subjects.ofRoom(room, kind)
          expect(subject).toMatch(/^tamtam\.j[0-3]\.r[\w-]*\.[cft]$/)
          expect(subjects.parse(subject)).toEqual({ room, kind })
        }
      }),
    )
  })
  it('are no others', () => {
    const good = subjects.ofRoom('lobby', 'chat')
    for (const bad of [
      good.replace('tamtam', 'lain'),
      good.replace(/j\d/, 'j9'),
      good.replace('.r', '.x'),
      `${good}.c`,
      good.replace('.c', '.z'),
      good.replace(/.\.c$/, '!.c'),
      '',
    ])
      expect(subjects.parse(bad)).toBeUndefined()
    expect(new Subjects('tamtam', 64).parse(good)).not.toEqual({ room: 'other', kind: 'chat' })
  })
})
