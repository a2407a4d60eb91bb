import { describe, expect, test } from 'vitest'
import { etagOf, httpDate, isKnown, rangeHolds } from '#server/http/files/headers.ts'

const sha256 = 'ab'.repeat(32)
const etag = `"${sha256}"`
const validators = { etag: etagOf(sha256), modifiedAt: 1_790_000_000_123 }
const date = httpDate(validators.modifiedAt)

describe('If-None-Match', () => {
  test.each([
    [etag, true],
    [`W/${etag}`, true],
    ['*', true],
    [' * ', true],
    [`"x", ${etag}`, true],
    [`W/"a,b",${etag} , "y"`, true],
    [undefined, false],
    ['', false],
    [sha256, false],
    ['"*"', false],
    [`"${sha256.toUpperCase()}"`, false],
    [`"${sha256}x"`, false],
    ['"', false],
  ])('%s', (header, known) => {
    expect(isKnown(header, validators)).toBe(known)
  })
})

describe('If-Range', () => {
  test.each([
    [undefined, true],
    [etag, true],
    [` ${etag} `, true],
    [date, true],
    [`W/${etag}`, false],
    ['"other"', false],
    [sha256, false],
    [httpDate(validators.modifiedAt + 1000), false],
    [httpDate(validators.modifiedAt - 1000), false],
    ['*', false],
    ['', false],
  ])('%s', (header, holds) => {
    expect(rangeHolds(header, validators)).toBe(holds)
  })

  test('nothing names the bytes of a file that is still arriving', () => {
    expect(rangeHolds(etag, undefined)).toBe(false)
    expect(rangeHolds(date, undefined)).toBe(false)
    expect(rangeHolds(undefined, undefined)).toBe(true)
  })
})

test('dates have the form that HTTP wants', () => {
  expect(httpDate(784_111_777_000)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
})
