import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry, RoomEvent } from '#domain/room/events.ts'
import { BadEntries, packEntries, recordLengths, unpackEntries, unpackRecord } from '#protocol/journal-format.ts'

const hostile = fc.constantFrom(
  '',
  '\0',
  '\u001b[31m',
  '\r\n',
  '\u202e',
  '\ufeff',
  '__proto__',
  '😀',
  'e\u0301',
  'x'.repeat(70_000),
)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), hostile)
const persons = fc.array(text, { maxLength: 5 })
const whole = fc.maxSafeInteger()
const member = fc.record({ id: text, name: text })
const mentioned = fc.record({ id: text, name: text, size: fc.nat() }, { requiredKeys: ['id', 'name'] })
const offered = fc.record({ id: text, name: text, size: fc.nat(), sha256: text }, { requiredKeys: ['id', 'name'] })
const audience = fc.record({ from: member, to: fc.oneof(fc.constant('staff'), member) })
const forSome = fc.record({ id: text, name: text, size: whole, sha256: text, audience })
const of = <T extends Record<string, unknown>>(type: Entry['type'], more: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record({
    type: fc.constant(type),
    seq: whole,
    at: whole,
    by: member,
    ...more,
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<Entry>
/** The same files, as folders, with a time to go, or both. */
const about = (file: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc
    .tuple(
      file,
      fc.oneof(
        fc.record({ folder: fc.record({ files: whole, bytes: whole }) }),
        fc.record({ expiresAt: whole }),
        fc.record({ folder: fc.record({ files: whole, bytes: whole }), expiresAt: whole }),
      ),
    )
    .map(([one, more]) => ({ ...one, ...more }))
const entry: fc.Arbitrary<Entry> = fc.oneof(
  of('said', { text }),
  of('acted', { text }),
  of('whispered', { to: member, text }),
  of('topicSet', { topic: text }),
  of('fileOffered', { file: offered }),
  of('fileOffered', { file: offered, owner: text }),
  of('fileOffered', { file: forSome, owner: text }),
  of('fileOffered', { file: offered, home: text }),
  of('fileOffered', { file: about(forSome), owner: text, home: text }),
  of('fileCompleted', { file: forSome }),
  of('fileCompleted', { file: fc.record({ id: text, name: text, size: whole, sha256: text }) }),
  of('fileWithdrawn', { file: mentioned, reason: text }),
  of('fileReceived', { file: mentioned }),
  of('fileServed', { file: mentioned }),
  of('fileServed', { file: about(mentioned) }),
  of('fileOffered', { file: about(forSome), owner: text }),
  of('fileOffered', { file: about(offered) }),
  of('fileCompleted', { file: about(forSome) }),
  of('fileWithdrawn', { file: about(mentioned), reason: text }),
  of('fileWithdrawn', { file: about(mentioned), reason: text, removedBy: member }),
  of('fileWithdrawn', { file: mentioned, reason: text, removedBy: member }),
  of('fileReceived', { file: about(mentioned) }),
  of('messageRemoved', { target: whole }),
  of('messageRemoved', { target: whole, audience: fc.record({ from: member, to: member }) }),
  of('cleared', { upTo: whole }),
  of('erased', {}),
  of('erased', { audience: fc.record({ from: member, to: member }) }),
  of('erased', { trace: fc.string() }),
  of('erased', { audience: fc.record({ from: member, to: member }), trace: fc.string() }),
  of('said', { text, notice: fc.constant(true as const) }),
  of('whispered', { to: member, text, notice: fc.constant(true as const) }),
  of('opped', { to: member, person: text }),
  of('deopped', { name: text, person: text }),
  of('muted', { name: text, reason: text }),
  of('muted', { name: text }),
  of('muted', { name: text, persons }),
  of('banned', { name: text, reason: fc.string({ minLength: 1 }), persons }),
  of('deopped', { name: text, person: text, persons }),
  of('locked', { persons }),
  of('shutOut', { person: text }),
  of('unmuted', { name: text }),
  of('banned', { name: text, reason: text }),
  of('unbanned', { name: text }),
  of('locked', {}),
  of('unlocked', {}),
  of('slowModeSet', { seconds: fc.nat() }),
  of('expirySet', { seconds: fc.nat() }),
  of('inviteOnlySet', { on: fc.boolean() }),
  of('inviteOnlySet', { on: fc.constant(true), persons }),
  of('topicLockSet', { on: fc.boolean() }),
  of('moderatorsSpeakSet', { on: fc.boolean() }),
  of('unlistedSet', { on: fc.boolean() }),
  of('mostMembersSet', { most: fc.nat() }),
  of('voiced', { to: member, person: text }),
  of('unvoiced', { name: text, person: text }),
  of('passwordSet', {}),
  of('passwordRemoved', {}),
)
const packr = new Packr({ useRecords: false })
const said: Entry = { type: 'said', seq: 1, at: 2, by: { id: 'm1', name: 'ani' }, text: 'halo' }

describe('packed entries', () => {
  test('come back as they were, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const plain = JSON.parse(JSON.stringify(entries))
        const packed = packEntries(new Batch('lobby', entries))
        expect(unpackEntries('lobby', packed).entries).toEqual(plain)
        // Each of them can be found again without the others.
        const lengths = recordLengths(packed)
        let at = packed.length - lengths.reduce((sum, length) => sum + length, 0)
        const records = lengths.map((length) => {
          at += length
          return packed.subarray(at - length, at)
        })
        expect(records.map(unpackRecord)).toEqual(plain)
      }),
    )
  })

  test('hold replacement characters for half a surrogate pair, which UTF-8 has no bytes for', () => {
    const [back] = unpackEntries('lobby', packEntries(new Batch('lobby', [{ ...said, text: 'a\ud800b' }]))).entries
    expect(back).toMatchObject({ text: expect.stringMatching(/^a\ufffd+b$/) })
  })

  test('are entries only, and of the room they are read for', () => {
    const joined: RoomEvent = { type: 'joined', by: said.by }
    const batch = unpackEntries('hall', packEntries(new Batch('hall', [joined, said, joined])))
    expect(batch.room).toBe('hall')
    expect(batch.events).toEqual([said])
  })

  test('keep their format: the bytes of version 1', () => {
    const bytes = packEntries(new Batch('lobby', [said]))
    expect(Buffer.from(bytes).toString('hex')).toBe('920196010102a26d31a3616e69a468616c6f')
  })

  const { text: _, ...stamp } = said
  const file = { id: 'f1', name: 'a', size: 3 }
  const digest = 'ab'.repeat(32)
  const golden: readonly [string, Entry, string][] = [
    [
      'an offer as it was before there were digests',
      { ...stamp, type: 'fileOffered', file },
      '920198050102a26d31a3616e69a26631a16103',
    ],
    [
      'an offer with the digest that was promised',
      { ...stamp, type: 'fileOffered', file: { ...file, sha256: digest } },
      `920199050102a26d31a3616e69a26631a16103d940${'6162'.repeat(32)}`,
    ],
    [
      'an offer with an owner',
      { ...stamp, type: 'fileOffered', file, owner: 'w' },
      '92019b050102a26d31a3616e69a26631a16103c0c0a177',
    ],
    [
      'an offer at a node of a cluster',
      { ...stamp, type: 'fileOffered', file, home: 'w' },
      '92019d050102a26d31a3616e69a26631a16103c0c0c0c0a177',
    ],
    [
      'an offer to the operators, with an owner',
      { ...stamp, type: 'fileOffered', file: { ...file, audience: { from: said.by, to: 'staff' } }, owner: 'w' },
      '92029b050102a26d31a3616e69a26631a16103c092a26d31a3616e69a177',
    ],
    ['a notice', { ...said, notice: true } as Entry, '920197010102a26d31a3616e69a468616c6fc3'],
    [
      'an op',
      { ...stamp, type: 'opped', to: { id: 'm2', name: 'budi' }, person: 'p2' },
      '920198090102a26d31a3616e69a26d32a462756469a27032',
    ],
    [
      'an op no more',
      { ...stamp, type: 'deopped', name: 'budi', person: 'p2' },
      '9201970a0102a26d31a3616e69a462756469a27032',
    ],
    ['a mute', { ...stamp, type: 'muted', name: 'budi' }, '9201960b0102a26d31a3616e69a462756469'],
    [
      'a mute with a reason',
      { ...stamp, type: 'muted', name: 'budi', reason: 'r' },
      '9201970b0102a26d31a3616e69a462756469a172',
    ],
    ['a mute taken back', { ...stamp, type: 'unmuted', name: 'budi' }, '9201960c0102a26d31a3616e69a462756469'],
    ['a ban', { ...stamp, type: 'banned', name: 'budi', reason: 'r' }, '9201970d0102a26d31a3616e69a462756469a172'],
    ['a ban taken back', { ...stamp, type: 'unbanned', name: 'budi' }, '9201960e0102a26d31a3616e69a462756469'],
    [
      'a mute of a person',
      { ...stamp, type: 'muted', name: 'budi', persons: ['p2'] },
      '9201980b0102a26d31a3616e69a462756469a091a27032',
    ],
    [
      'a ban of persons, with a reason',
      { ...stamp, type: 'banned', name: 'budi', reason: 'r', persons: ['p2', 'p3'] },
      '9201980d0102a26d31a3616e69a462756469a17292a27032a27033',
    ],
    [
      'two ops no more',
      { ...stamp, type: 'deopped', name: 'budi', person: 'p2', persons: ['p3'] },
      '9201980a0102a26d31a3616e69a462756469a2703291a27033',
    ],
    [
      'a lock, and who was inside',
      { ...stamp, type: 'locked', persons: ['p1', 'p2'] },
      '9201960f0102a26d31a3616e6992a27031a27032',
    ],
    ['one inside no more', { ...stamp, type: 'shutOut', person: 'p2' }, '920196150102a26d31a3616e69a27032'],
    ['a lock', { ...stamp, type: 'locked' }, '9201950f0102a26d31a3616e69'],
    ['a lock taken back', { ...stamp, type: 'unlocked' }, '920195100102a26d31a3616e69'],
    ['a room that collects', { ...stamp, type: 'collectionStarted' }, '920195110102a26d31a3616e69'],
    [
      'a room that lets nobody new in, and who was inside',
      { ...stamp, type: 'inviteOnlySet', on: true, persons: ['p1'] },
      '9201971c0102a26d31a3616e69c391a27031',
    ],
    ['a room that may be full', { ...stamp, type: 'mostMembersSet', most: 9 }, '920196200102a26d31a3616e6909'],
    [
      'a voice',
      { ...stamp, type: 'voiced', to: { id: 'm2', name: 'budi' }, person: 'p2' },
      '920198210102a26d31a3616e69a26d32a462756469a27032',
    ],
    ['a password', { ...stamp, type: 'passwordSet' }, '920195130102a26d31a3616e69'],
    ['a password taken away', { ...stamp, type: 'passwordRemoved' }, '920195140102a26d31a3616e69'],
    ['a room that collects no more', { ...stamp, type: 'collectionEnded' }, '920195120102a26d31a3616e69'],
    [
      'an offer to one person, of version 2, which a host that knows no audiences does not read',
      { ...stamp, type: 'fileOffered', file: { ...file, audience: { from: said.by, to: { id: 'm2', name: 'budi' } } } },
      '92029a050102a26d31a3616e69a26631a16103c094a26d31a3616e69a26d32a462756469',
    ],
    [
      'a receipt of what was collected',
      { ...stamp, type: 'fileReceived', file: { ...file, audience: { from: said.by, to: 'staff' } } },
      '920299080102a26d31a3616e69a26631a1610392a26d31a3616e69',
    ],
    ['a receipt', { ...stamp, type: 'fileReceived', file }, '920198080102a26d31a3616e69a26631a16103'],
    ['a serving', { ...stamp, type: 'fileServed', file }, '9201981b0102a26d31a3616e69a26631a16103'],
  ]
  test.each(golden)('keep their format: %s', (_name, entry, hex) => {
    expect(Buffer.from(packEntries(new Batch('lobby', [entry]))).toString('hex')).toBe(hex)
    expect(unpackEntries('lobby', Buffer.from(hex, 'hex')).entries).toEqual([entry])
  })

  test('of any other shape are refused with one error', () => {
    const tuple = [1, 1, 2, 'm1', 'ani', 'halo']
    const bad: unknown[] = [null, 1, 'text', {}, [], [3, tuple], [1, null], [1, []], [1, [99, 1, 2, 'a', 'b', 'c']]]
    for (let field = 1; field < tuple.length; field += 1) bad.push([1, tuple.with(field, null as never)])
    bad.push([1, tuple.with(1, 1.5)], [1, tuple.with(1, Number.NaN)], [1, [6, 1, 2, 'a', 'b', 'c', 'd', 'e', 'f']])
    for (const value of bad)
      expect(() => unpackEntries('lobby', packr.pack(value)), JSON.stringify(value)).toThrow(BadEntries)
  })

  test('of any bytes at all give entries or that error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          unpackEntries('lobby', bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(BadEntries)
        }
      }),
    )
    const bytes = packEntries(new Batch('lobby', [said, said]))
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => unpackEntries('lobby', bytes.subarray(0, length))).toThrow(BadEntries)
    }
  })
})
