import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentRange, contentRangeOfNone, wantedRange } from '#server/http/files/headers.ts'

const FAR = Number.MAX_SAFE_INTEGER - 1

const part = (first: number, last: number) => ({ status: 'part', first, last })
const all = { status: 'all' }
const none = { status: 'unsatisfiable' }

describe('a Range on a file of 100 bytes', () => {
  test.each([
    [undefined, all],
    ['bytes=0-', part(0, 99)],
    ['bytes=0-0', part(0, 0)],
    ['bytes=10-19', part(10, 19)],
    ['bytes=99-', part(99, 99)],
    ['bytes=99-99', part(99, 99)],
    ['bytes=0-99', part(0, 99)],
    ['bytes=0-100', part(0, 99)],
    ['bytes=50-99999999999999999999999999', part(50, 99)],
    ['bytes=-1', part(99, 99)],
    ['bytes=-100', part(0, 99)],
    ['bytes=-101', part(0, 99)],
    ['bytes=-99999999999999999999999999', part(0, 99)],
    ['BYTES=5-6', part(5, 6)],
    ['bytes= 5-6\t', part(5, 6)],
    ['bytes=100-', none],
    ['bytes=100-200', none],
    ['bytes=9007199254740993-', none],
    ['bytes=99999999999999999999999999-', none],
    ['bytes=-0', none],
  ])('%s', (header, wanted) => {
    expect(wantedRange(header, 100)).toEqual(wanted)
  })

  test.each([
    'bytes=0-,0-,0-',
    'bytes=0-1,2-3',
    'bytes=0-1,',
    ',bytes=0-1',
    'bytes=5-4',
    'bytes=',
    'bytes=-',
    'bytes=--1',
    'bytes=-1-2',
    'bytes=1.5-2',
    'bytes=0x1-2',
    'bytes=+1-2',
    'bytes=１-2',
    'bytes 0-1',
    'bytes=0 - 1',
    'items=0-1',
    'bytes=a-b',
    '',
  ])('C116: `%s` is not one range of bytes, and is ignored', (header) => {
    expect(wantedRange(header, 100)).toEqual(all)
  })

  test('an empty file has no range to be wrong about', () => {
    for (const header of ['bytes=0-', 'bytes=5-', 'bytes=-1', 'bytes=-0']) expect(wantedRange(header, 0)).toEqual(all)
  })

  test('Content-Range names the part and the whole', () => {
    expect(contentRange({ status: 'part', first: 5, last: 9 }, 100)).toBe('bytes 5-9/100')
    expect(contentRangeOfNone(100)).toBe('bytes */100')
  })
})

describe('a Range on a file whose size is not known yet', () => {
  test.each([
    ['bytes=0-', part(0, FAR)],
    ['bytes=10-', part(10, FAR)],
    ['bytes=10-19', part(10, 19)],
    ['bytes=10-99999999999999999999999999', part(10, FAR)],
    ['bytes=-5', all],
    ['bytes=99999999999999999999999999-', none],
  ])('%s', (header, wanted) => {
    expect(wantedRange(header, undefined)).toEqual(wanted)
  })

  test('RFC 8673: Content-Range leaves the whole open', () => {
    expect(contentRange({ status: 'part', first: 5, last: 9 }, undefined)).toBe('bytes 5-9/*')
    expect(contentRangeOfNone(undefined)).toBe('bytes */*')
  })
})

test('whatever the header holds, a part lies within the file', () => {
  const number = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.bigInt({ min: 0n, max: 300n }))
  const spec = fc.oneof(
    fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`),
    number.map((from) => `bytes=${from}-`),
    number.map((count) => `bytes=-${count}`),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(spec, fc.option(fc.nat(300), { nil: undefined }), (header, size) => {
      const wanted = wantedRange(header, size)
      if (wanted.status !== 'part') return
      expect(wanted.first).toBeGreaterThanOrEqual(0)
      expect(wanted.last).toBeGreaterThanOrEqual(wanted.first)
      expect(wanted.last).toBeLessThan(size ?? Number.MAX_SAFE_INTEGER)
    }),
  )
})
