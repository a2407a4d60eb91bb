import { spawnSync } from 'node:child_process'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { clientMessageLimits, decodeClientMessage, decodeHostMessage } from '#protocol/messages.ts'
import { MAX_DEPTH, prescan } from '#protocol/prescan.ts'
import { NODE } from '../../harness/program.ts'
import { clientSamples } from './samples.ts'

const packr = new Packr({ useRecords: false, variableMapSize: true })
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const { items } = clientMessageLimits
const scan = (text: string) => prescan(hex(text), items)
const code = (message: object) => decodeClientMessage(packr.pack(message))

describe('the scan', () => {
  test.each([
    ['C101', `${'91'.repeat(100_000)}c0`, 'too deep'],
    ['C101', `${'91'.repeat(MAX_DEPTH + 1)}c0`, 'too deep'],
    ['C101', `${'81 a1 61 '.repeat(MAX_DEPTH + 1)}c0`, 'too deep'],
    ['C102', 'dd ff ff ff ff', 'cut short'],
    ['C102', 'df ff ff ff ff', 'cut short'],
    ['C102', 'c6 ff ff ff ff', 'cut short'],
    ['C102', 'db ff ff ff ff 61', 'cut short'],
    ['C102', 'dc 00 02 c0', 'cut short'],
    ['C102', 'de 00 01 a0', 'cut short'],
    ['C102', 'dd 00', 'cut short'],
    ['C102', `dc 02 00 ${'c0'.repeat(512)}`, 'too many items'],
    ['C102', `dc 03 e8 ${'80'.repeat(1000)}`, 'too many items'],
    ['C102', '9f'.repeat(7) + 'dd 00 0f ff ff'.repeat(10), 'cut short'],
    ['C102', `de 00 21 ${'a0 c0'.repeat(33)}`, 'too many keys'],
    ['C103', 'd4 72 40', 'extension'],
    ['C103', 'd6 69 00 00 00 00', 'extension'],
    ['C103', 'c7 03 78 61 62 63', 'extension'],
    ['C103', 'c8 00 01 42 01', 'extension'],
    ['C103', 'd8 70 00', 'extension'],
    ['C103', 'c1', 'reserved byte'],
    ['C103', '91 c1', 'reserved byte'],
    ['C104', '82 a1 61 c0 a1 61 c0', 'key twice'],
    ['C104', '83 a1 61 c0 a1 62 c0 a1 61 c0', 'key twice'],
    ['C104', '81 01 c0', 'key is no short text'],
    ['C104', '81 91 c0 c0', 'key is no short text'],
    ['C104', '81 d9 01 61 c0', 'key is no short text'],
    ['C105', '91 a1 ff', 'not UTF-8'],
    ['C105', '91 a2 c0 af', 'not UTF-8'],
    ['C105', '91 a3 ed a0 80', 'not UTF-8'],
    ['C105', '81 a1 ff c0', 'not UTF-8'],
    ['C106', 'c0 c0', 'bytes behind the value'],
    ['C106', '80 00', 'bytes behind the value'],
    ['C106', '', 'empty'],
  ])('%s: %.40s is refused', (_case, bytes, fault) => expect(scan(bytes)).toBe(fault))

  test.each([
    '80',
    '90',
    'c0',
    `${'91'.repeat(MAX_DEPTH)}c0`,
    `dc 01 ff ${'c0'.repeat(511)}`,
    '82 a1 61 c0 a1 62 c0',
    '82 a1 61 c0 a2 61 62 c0',
    '82 a1 61 81 a1 61 c0 a1 62 81 a1 61 c0',
    '9b 00 ff cc 01 cd 00 01 ce 00 00 00 01 cf 00 00 00 00 00 00 00 01 d0 01 ca 00 00 00 00 cb 00 00 00 00 00 00 00 00 c2 c3',
    'c4 01 00',
    'd9 01 61',
    '91 a4 f0 9f 98 80',
  ])('%.40s may be decoded', (bytes) => expect(scan(bytes)).toBeUndefined())

  test('C102 every message that is cut short is refused', () => {
    for (const message of Object.values(clientSamples)) {
      const bytes = packr.pack(message)
      for (let at = 0; at < bytes.length; at++) expect(prescan(bytes.subarray(0, at), items)).toBeDefined()
    }
  })
})

describe('what is decoded', () => {
  const bad = { type: 'rejected', code: 'BAD_MESSAGE', message: expect.any(String) }
  const key = 'a'.repeat(32)

  test.each<[string, object]>([
    ['C104 a key that is not known', { type: 'ping', ref: 1, more: 1 }],
    ['C104 constructor', { type: 'ping', ref: 1, constructor: { prototype: {} } }],
    ['C104 a key in a command that is not known', { type: 'command', command: { type: 'say', text: 'x', to: 'y' } }],
    ['C105 2^53', { type: 'ping', ref: 2 ** 53 }],
    ['C105 a number of 64 bits', { type: 'ping', ref: 2n ** 63n }],
    ['C105 NaN', { type: 'ping', ref: Number.NaN }],
    ['C105 1e308', { type: 'ping', ref: 1e308 }],
    ['C105 a half', { type: 'ping', ref: 0.5 }],
    ['C105 less than nothing', { type: 'join', room: 'lobby', after: -1 }],
    ['C105 a text for a number', { type: 'ping', ref: '1' }],
    ['C105 a number for a text', { type: 'join', room: 1 }],
    ['C105 nothing for a text', { type: 'join', room: null }],
    ['C105 bytes for a text', { type: 'join', room: Buffer.from('lobby') }],
    ['C105 a list for a map', { type: 'command', command: [] }],
    ['a list', [1]],
    ['a type that is inherited', { type: 'command', command: { type: 'toString' } }],
    ['that a password was set', { type: 'command', command: { type: 'tellPassword', isSet: true } }],
    ['that a file is whole', { type: 'command', command: { type: 'completeFile' } }],
    ['an unknown type', { type: 'hallo' }],
    ['what only a host says', { type: 'pong', ref: 1 }],
    ['a key that is none', { type: 'hello', version: 1, key: 'A'.repeat(32) }],
    ['a key that is longer', { type: 'hello', version: 1, key: `${key}a` }],
    ['a key with a line end', { type: 'hello', version: 1, key: `${'a'.repeat(31)}\n` }],
    ['C118 an id with a blank', { type: 'command', command: { type: 'say', text: 'x', id: 'a b' } }],
    ['C118 an id that is too long', { type: 'command', command: { type: 'say', text: 'x', id: 'a'.repeat(65) } }],
    ['C118 an id that is empty', { type: 'command', command: { type: 'say', text: 'x', id: '' } }],
  ])('%s is refused', (_case, message) => expect(code(message)).toEqual(bad))

  test('C104 __proto__ neither gets through nor reaches a prototype', () => {
    const bytes = hex('83 a4 74797065 a4 70696e67 a3 726566 01 a9 5f5f70726f746f5f5f 81 a7 697341646d696e c3')
    expect(decodeClientMessage(bytes)).toEqual(bad)
    expect('isAdmin' in {}).toBe(false)
  })

  test('C104 there is no way to a prototype by that name in the program at all', () => {
    const [node, ...flags] = NODE
    const { stdout } = spawnSync(node, [...flags, '-p', `'__proto__' in {}`], { encoding: 'utf8' })
    expect(stdout).toBe('false\n')
  })

  test.each([
    ['-0', 'cb 8000000000000000'],
    ['-1', 'ff'],
    ['2^53 + 1, that would be rounded', 'cf 0020000000000001'],
    ['nothing', 'c0'],
  ])('C105 %s is no number for it', (_case, number) =>
    expect(decodeClientMessage(hex(`82 a4 74797065 a4 70696e67 a3 726566 ${number}`))).toEqual(bad),
  )

  test('C105 a number that came as float64 counts', () => {
    const bytes = hex('82 a4 74797065 a4 70696e67 a3 726566 cb 3ff0000000000000')
    expect(decodeClientMessage(bytes)).toEqual({ type: 'ping', ref: 1 })
  })

  test('C102 a message that is too long is not even looked at', () => {
    expect(code({ type: 'command', command: { type: 'say', text: 'x'.repeat(64 * 1024) } })).toEqual(bad)
  })

  test('what a newer host says beyond this is passed over', () => {
    const by = { id: 'a', name: 'ani', mood: 'well' }
    const events = [
      { type: 'said', seq: 1, at: 2, by, text: 'x', colour: 3 },
      { type: 'sung', seq: 2, at: 2, by, notes: [] },
    ]
    expect(decodeHostMessage(packr.pack({ type: 'batch', events, more: {} }))).toEqual({
      type: 'batch',
      events: [{ type: 'said', seq: 1, at: 2, by: { id: 'a', name: 'ani' }, text: 'x' }],
    })
    expect(decodeHostMessage(packr.pack({ type: 'weather', rain: true }))).toBeUndefined()
    expect(decodeHostMessage(packr.pack({ type: 'bye', code: 'TIRED', message: 'x' }))).toEqual({
      type: 'bye',
      code: 'BAD_REQUEST',
      message: 'x',
    })
  })

  test.each(['', '../a', 'a/b', 'a.b', '\x1b[2J', 'a'.repeat(65)])(
    'C38 C57 the id of a file is a word, and not %j',
    (id) => {
      const file = { id, name: 'a', size: 1, sha256: 'a'.repeat(64) }
      const by = { id: 'a', name: 'ani' }
      for (const type of ['fileOffered', 'fileCompleted'])
        expect(
          decodeHostMessage(packr.pack({ type: 'batch', events: [{ type, seq: 1, at: 2, by, file }] })),
        ).toMatchObject({
          type: 'rejected',
          code: 'BAD_MESSAGE',
        })
    },
  )
})
