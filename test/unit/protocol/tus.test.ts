import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteCount, promisedSize, tusChecksum, tusMetadata } from '#protocol/tus.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const refused = { code: 'BAD_REQUEST' }
const sha256 = '0123456789abcdef'.repeat(4)

describe('C108: counts of bytes', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s is one', (field, count) => {
    expect(byteCount('Upload-Offset', field)).toBe(count)
  })

  test.each([
    undefined,
    '',
    '-1',
    '-0',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    ' 1',
    '1,1',
    '１',
    'NaN',
    'Infinity',
    '9007199254740992',
    '99999999999999999999',
    ['1', '2'],
  ])('%s is none', (field) => {
    expect(byteCount('Upload-Offset', field)).toMatchObject(refused)
  })

  test('whatever the header holds, the answer is a safe count or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.bigInt().map(String)), (field) => {
        const count = byteCount('Upload-Length', field)
        if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
        else expect(count).toMatchObject(refused)
      }),
    )
  })
})

describe('the size that a creation tells', () => {
  test.each([
    ['5', undefined, 5],
    [undefined, '1', undefined],
  ])('Upload-Length %s and Upload-Defer-Length %s', (length, defer, size) => {
    expect(promisedSize(length, defer)).toBe(size)
  })

  test.each([
    [undefined, undefined],
    ['5', '1'],
    [undefined, '0'],
    [undefined, ''],
    [undefined, 'true'],
  ])('is refused with Upload-Length %s and Upload-Defer-Length %s', (length, defer) => {
    expect(promisedSize(length, defer)).toMatchObject(refused)
  })
})

describe('Upload-Metadata', () => {
  test.each([
    [undefined, { name: '' }],
    ['', { name: '' }],
    [`filename ${base64('talk.pdf')}`, { name: 'talk.pdf' }],
    [`name ${base64('talk.pdf')}`, { name: 'talk.pdf' }],
    [`name ${base64('b')},filename ${base64('a')}`, { name: 'a' }],
    [`filename ${base64('Übung 🎵.pdf')}, filetype ${base64('application/pdf')}`, { name: 'Übung 🎵.pdf' }],
    [`is_confidential,filename ${base64('a')}`, { name: 'a' }],
    [`filename ${base64('a')},sha256 ${base64(sha256)}`, { name: 'a', sha256 }],
    [`sha256 ${base64(sha256.toUpperCase())}`, { name: '', sha256 }],
    [`filename ${base64('../../etc/passwd')}`, { name: '../../etc/passwd' }],
  ])('%s', (field, metadata) => {
    expect(tusMetadata(field)).toEqual(metadata)
  })

  test.each([
    ',',
    'filename a b',
    'filename  YQ==',
    'filename YQ==,',
    'filename YQ==,filename Yg==',
    'filename Y*==',
    `filename ${Buffer.from([0xff, 0xfe]).toString('base64')}`,
    `filename ${Buffer.from([0xed, 0xa0, 0x80]).toString('base64')}`,
    `sha256 ${base64('abc')}`,
    `sha256 ${base64(`${sha256}0`)}`,
    `sha256 ${Buffer.from([0xff]).toString('base64')}`,
    'früh YQ==',
    Array.from({ length: 65 }, (_, index) => `k${index}`).join(','),
    ['filename YQ==', 'filename Yg=='],
  ])('%s is malformed', (field) => {
    expect(tusMetadata(field)).toMatchObject(refused)
  })

  test('every name comes through, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        expect(tusMetadata(`filename ${base64(name)}`)).toEqual({ name: name.toWellFormed() })
      }),
    )
  })
})

describe('Upload-Checksum', () => {
  const sha1 = Buffer.alloc(20, 7)
  const long = Buffer.alloc(32, 7)

  test.each([
    [undefined, undefined],
    [`sha1 ${sha1.toString('base64')}`, { algorithm: 'sha1', digest: new Uint8Array(sha1) }],
    [`sha256 ${long.toString('base64')}`, { algorithm: 'sha256', digest: new Uint8Array(long) }],
  ])('%s', (field, checksum) => {
    expect(tusChecksum(field)).toEqual(checksum)
  })

  test.each([
    '',
    'sha1',
    `sha1  ${sha1.toString('base64')}`,
    `sha1 ${long.toString('base64')}`,
    `sha256 ${sha1.toString('base64')}`,
    `md5 ${Buffer.alloc(16).toString('base64')}`,
    `SHA1 ${sha1.toString('base64')}`,
    `sha1 ${sha1.toString('hex')}`,
    `sha1 ${sha1.toString('base64')} x`,
    `toString ${sha1.toString('base64')}`,
  ])('`%s` is malformed', (field) => {
    expect(tusChecksum(field)).toMatchObject(refused)
  })
})
