import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SENTINEL, SentinelCheck, SentinelScanner } from '#server/line/sentinel.ts'
import { byteByByte } from './scenario.ts'

const mark = SENTINEL.toString()

interface Found {
  readonly body: string
  /** Bytes behind the mark, undefined when there is none. */
  readonly rest: string | undefined
}

function scan(chunks: readonly Buffer[]): Found {
  const scanner = new SentinelScanner()
  const body: Buffer[] = []
  for (const [index, chunk] of chunks.entries()) {
    const found = scanner.push(chunk)
    body.push(...found.body)
    if (found.end < 0) continue
    const rest = Buffer.concat([chunk.subarray(found.end), ...chunks.slice(index + 1)])
    return { body: Buffer.concat(body).toString('latin1'), rest: rest.toString('latin1') }
  }
  return { body: Buffer.concat([...body, ...scanner.flush()]).toString('latin1'), rest: undefined }
}

function expected(input: Buffer): Found {
  const at = input.indexOf(SENTINEL)
  const text = input.toString('latin1')
  return at < 0 ? { body: text, rest: undefined } : { body: text.slice(0, at), rest: text.slice(at + mark.length) }
}

function cutUp(input: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < input.length; turn += 1) {
    const next = at + (sizes[turn % sizes.length] as number)
    chunks.push(input.subarray(at, next))
    at = next
  }
  return chunks
}

const isCarried = (body: Buffer): boolean => Buffer.concat([body, SENTINEL]).indexOf(SENTINEL) === body.length

function check(chunks: readonly Buffer[]): boolean {
  const markCheck = new SentinelCheck()
  for (const chunk of chunks) markCheck.push(chunk)
  return markCheck.result()
}

// Mostly pieces of the mark: random bytes would hardly ever meet it.
const pieces = fc
  .array(
    fc.oneof(
      fc.nat(mark.length).map((length) => mark.slice(0, length)),
      fc.nat(mark.length).map((from) => mark.slice(from)),
      fc.constantFrom('/', '//', 'A', mark, 'x', '\x00\xff', 'some other words in between'),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
const runs = { numRuns: 5000 }

describe('the scanner', () => {
  test('C20 finds the mark at each of its inner splits and byte by byte', () => {
    const input = Buffer.from(`body${mark}next`)
    for (let at = 1; at < input.length; at += 1) {
      expect(scan([input.subarray(0, at), input.subarray(at)]), `split at ${at}`).toEqual({
        body: 'body',
        rest: 'next',
      })
    }
    expect(scan(byteByByte(input))).toEqual({ body: 'body', rest: 'next' })
  })

  test.each([
    `/${mark}`,
    `//AGUEL${mark}`,
    `//AGUEL//TAMTA${mark}`,
    `//AGUEL//TAMTAM${mark}`,
    `///${mark}`,
    `${mark}${mark}`,
  ])('C21 finds the first mark in %s', (text) => {
    const input = Buffer.from(text)
    for (let at = 0; at <= input.length; at += 1) {
      expect(scan([input.subarray(0, at), input.subarray(at)]), `split at ${at}`).toEqual(expected(input))
    }
    expect(scan(byteByByte(input))).toEqual(expected(input))
  })

  test('C22 says where the mark ends in the chunk', () => {
    const scanner = new SentinelScanner()
    expect(scanner.push(Buffer.from('body//AGUEL'))).toEqual({ body: [Buffer.from('body')], end: -1 })
    expect(scanner.push(Buffer.from('//TAMTAM//next'))).toEqual({ body: [], end: 10 })
  })

  test('holds back nothing but a beginning of the mark', () => {
    const scanner = new SentinelScanner()
    expect(scanner.push(Buffer.from('a long body that ends with an A'))).toMatchObject({ body: [{ length: 31 }] })
    expect(scanner.push(Buffer.from('x/'))).toMatchObject({ body: [{ length: 1 }] })
    expect(Buffer.concat(scanner.flush()).toString()).toBe('/')
    expect(scanner.flush()).toEqual([])
  })

  test('hands out views of the chunk, and never of the mark itself', () => {
    const scanner = new SentinelScanner()
    const chunk = Buffer.from('body//AGUEL')
    expect(scanner.push(chunk).body[0]?.buffer).toBe(chunk.buffer)
    for (const slice of scanner.push(Buffer.from('x')).body) slice.fill(0)
    expect(SENTINEL.toString()).toBe('//AGUEL//TAMTAM//')
  })

  test('may be used again behind a mark', () => {
    const scanner = new SentinelScanner()
    expect(scanner.push(SENTINEL).end).toBe(17)
    expect(scanner.push(SENTINEL.subarray(2)).end).toBe(-1)
  })

  test('C20 C21 agrees with a search of the whole, in any chunking', () => {
    fc.assert(
      fc.property(pieces, sizes, (input, cuts) => {
        expect(scan(cutUp(input, cuts))).toEqual(expected(input))
      }),
      runs,
    )
  })

  test('reads 256 MiB of the worst that is no mark', () => {
    const scanner = new SentinelScanner()
    const close = Buffer.alloc(1 << 20, '//AGUEL//TAMTAN/')
    let length = 0
    for (let turn = 0; turn < 256; turn += 1) for (const slice of scanner.push(close).body) length += slice.length
    for (const slice of scanner.flush()) length += slice.length
    expect(length).toBe(256 << 20)
  })
})

describe('what the mark can carry', () => {
  test('C24 not a body with the mark inside, wherever the chunks part', () => {
    const body = Buffer.from(`a${mark}b`)
    for (let at = 0; at <= body.length; at += 1) expect(check([body.subarray(0, at), body.subarray(at)])).toBe(false)
  })

  test.each(['//AGUEL//TAMTAM', '//AGUEL//TAMTAM/'])('C25 not a body that ends with %s', (tail) => {
    expect(check([Buffer.from(`body${tail}`)])).toBe(false)
    expect(check(byteByByte(Buffer.from(`body${tail}`)))).toBe(false)
  })

  test('C25 any other beginning of the mark at the end does no harm', () => {
    for (let length = 0; length < 15; length += 1) {
      expect(check([Buffer.from(`body${mark.slice(0, length)}`)]), mark.slice(0, length)).toBe(true)
    }
  })

  test('C26 an empty body', () => expect(check([])).toBe(true))

  test('the answer is for what came so far and may be asked again', () => {
    const markCheck = new SentinelCheck()
    markCheck.push(Buffer.from('//AGUEL//TAMTAM'))
    expect([markCheck.result(), markCheck.result()]).toEqual([false, false])
    markCheck.push(Buffer.from('x'))
    expect(markCheck.result()).toBe(true)
    markCheck.push(SENTINEL)
    markCheck.push(Buffer.from('x'))
    expect(markCheck.result()).toBe(false)
  })

  test('C24 C25 agrees with a search of the whole, in any chunking', () => {
    fc.assert(
      fc.property(pieces, sizes, (body, cuts) => {
        expect(check(cutUp(body, cuts))).toBe(isCarried(body))
      }),
      runs,
    )
  })
})
