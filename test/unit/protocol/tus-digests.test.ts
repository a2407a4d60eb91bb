import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestField, promisedDigest } from '#protocol/tus.ts'

const of = (text: string) => createHash('sha256').update(text).digest()
const hex = of('halo').toString('hex')
const field = `sha-256=:${of('halo').toString('base64')}:`
const other = `sha-256=:${of('other').toString('base64')}:`
const refused = { code: 'BAD_REQUEST' }

describe('Repr-Digest and Content-Digest', () => {
  test.each([
    [{}, undefined],
    [{ 'repr-digest': field }, hex],
    [{ 'content-digest': field }, hex],
    [{ 'repr-digest': field, 'content-digest': field }, hex],
    [{ 'repr-digest': `sha-512=:YWJj:, ${field}` }, hex],
    [{ 'repr-digest': `${field},md5=:YWJj:` }, hex],
    [{ 'repr-digest': [field, 'sha=:YWJj:'] }, hex],
    [{ 'repr-digest': `  ${field}\t` }, hex],
    [{ 'repr-digest': `${field};q=1; x` }, hex],
    [{ 'repr-digest': `${other}, ${field}` }, hex],
    [{ 'repr-digest': 'sha-512=:YWJj:' }, undefined],
    [{ 'repr-digest': field.replace('=:', ':') }, refused],
  ])('%j', (headers, promised) => {
    const found = promisedDigest(headers)
    if (typeof promised === 'object') expect(found).toMatchObject(promised)
    else expect(found).toBe(promised)
  })

  test.each([
    '',
    ',',
    `${field},`,
    `${field},,${field}`,
    'sha-256',
    'sha-256=',
    'sha-256=::',
    'sha-256=:YWJj:',
    `sha-256=:${of('halo').toString('hex')}:`,
    `sha-256="${of('halo').toString('base64')}"`,
    `sha-256=${of('halo').toString('base64')}`,
    `sha-256=:${of('halo').toString('base64url')}_:`,
    `SHA-256=:${of('halo').toString('base64')}:`,
    `sha-256 =:${of('halo').toString('base64')}:`,
    `${field} x`,
    '=:YWJj:',
  ])('`%s` is malformed', (text) => {
    expect(promisedDigest({ 'repr-digest': text })).toMatchObject(refused)
  })

  test('two digests for the same bytes cannot be met', () => {
    expect(promisedDigest({ 'repr-digest': field, 'content-digest': other })).toMatchObject(refused)
  })

  test('what we write we read', () => {
    expect(digestField(hex)).toBe(field)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const sha256 = Buffer.from(bytes).toString('hex')
        expect(promisedDigest({ 'content-digest': digestField(sha256) })).toBe(sha256)
      }),
    )
  })

  test('whatever the header holds, the answer is 64 hexadecimal digits, nothing or a refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => field + text),
        ),
        (text) => {
          const found = promisedDigest({ 'repr-digest': text })
          if (typeof found === 'string') expect(found).toMatch(/^[0-9a-f]{64}$/)
          else if (found !== undefined) expect(found.code).toBe('BAD_REQUEST')
        },
      ),
    )
  })
})
