import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SourceFailed } from '#domain/transfer/upload.ts'
import { boundaryOf, FormReader, fileNameIn } from '#server/http/files/multipart.ts'

interface Taken {
  readonly name: string | undefined
  readonly bytes: string
}

/** A form out of pieces, each of which is gone when the next is asked for, as a body lends them. */
async function taken(pieces: readonly Buffer[], end: 'whole' | 'cut' = 'whole', boundary = 'B', skipped = false) {
  const rest = [...pieces]
  let lent: Buffer = Buffer.alloc(0)
  const reader = new FormReader(async () => {
    lent.fill(0x2a)
    lent = Buffer.from(rest.shift() ?? [])
    return lent.length === 0 ? end : lent
  }, boundary)
  const parts: Taken[] = []
  for (;;) {
    const part = await reader.next()
    if (typeof part === 'string' || 'code' in part) return { parts, end: typeof part === 'string' ? part : part.code }
    const kept: Buffer[] = []
    try {
      if (!skipped) for await (const piece of reader.bytes()) kept.push(Buffer.from(piece))
      parts.push({ name: part.name, bytes: Buffer.concat(kept).toString('latin1') })
    } catch (error) {
      if (!(error instanceof SourceFailed)) throw error
    }
  }
}

const file = (name: string, bytes: string) =>
  `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n${bytes}\r\n`
const formOf = (...parts: readonly string[]) =>
  Buffer.from(`${parts.map((part) => `--B\r\n${part}`).join('')}--B--\r\n`)

describe('a form', () => {
  const attached = (name: string, bytes: string) =>
    `\r\n--M\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${bytes}`
  const mixed = (...files: readonly string[]) =>
    `Content-Disposition: form-data; name="f"\r\nContent-Type: multipart/mixed; boundary=M\r\n${files.join('')}\r\n--M--\r\n`

  it('may have several files in one part, as older curls send them', async () => {
    const form = formOf(
      mixed(attached('a', 'one\r\n'), attached('b', '')),
      file('c', 'three'),
      mixed(attached('d', '--B')),
    )
    const parts = [
      { name: 'a', bytes: 'one\r\n' },
      { name: 'b', bytes: '' },
      { name: 'c', bytes: 'three' },
      { name: 'd', bytes: '--B' },
    ]
    for (let at = 1; at < form.length; at++)
      expect(await taken([form.subarray(0, at), form.subarray(at)])).toEqual({ parts, end: 'over' })
    expect(await taken([form.subarray(0, form.indexOf('--M--'))])).toMatchObject({ end: 'BAD_REQUEST' })
  })

  const FORM = formOf(
    file('a.txt', 'hello\r\n--A\r\n'),
    'Content-Disposition: form-data; name="who"\r\n\r\nani\r\n',
    file('empty', ''),
    file('b', '\r\n\r\n--\r\n-'),
  )
  const PARTS = [
    { name: 'a.txt', bytes: 'hello\r\n--A\r\n' },
    { name: undefined, bytes: 'ani' },
    { name: 'empty', bytes: '' },
    { name: 'b', bytes: '\r\n\r\n--\r\n-' },
  ]

  it('comes apart into its parts, to the byte, however it is cut into pieces', async () => {
    for (let at = 0; at <= FORM.length; at++)
      expect(await taken([FORM.subarray(0, at), FORM.subarray(at)].filter(({ length }) => length > 0))).toEqual({
        parts: PARTS,
        end: 'over',
      })
    const bytes = Array.from(FORM, (byte) => Buffer.of(byte))
    expect(await taken(bytes)).toEqual({ parts: PARTS, end: 'over' })
  })

  it('can be gone through without its bytes', async () =>
    expect((await taken([FORM], 'whole', 'B', true)).parts.map(({ name }) => name)).toEqual([
      'a.txt',
      undefined,
      'empty',
      'b',
    ]))

  it('says wherever it ends early, and whether its connection broke', async () => {
    for (let at = 0; at < FORM.length - 3; at++) {
      expect((await taken([FORM.subarray(0, at)].filter(({ length }) => length > 0))).end).toBe('BAD_REQUEST')
      const cut = await taken(
        [FORM.subarray(0, at)].filter(({ length }) => length > 0),
        'cut',
      )
      expect(cut.end).toBe('cut')
      expect(cut.parts).toEqual(PARTS.slice(0, cut.parts.length))
    }
  })

  it('holds any bytes but its own delimiter', async () => {
    const bytes = fc.array(fc.constantFrom('\r', '\n', '-', 'B', 'x', '\r\n--', '\r\n--C'), { maxLength: 30 })
    const texts = bytes
      .map((all) => all.join(''))
      .filter((text) => !`\r\n${text}\r\n--B`.slice(0, -1).includes('\r\n--B'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(texts, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (all, size) => {
          const whole = formOf(...all.map((text, index) => file(`${index}`, text)))
          const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
            whole.subarray(at * size, (at + 1) * size),
          )
          expect(await taken(pieces)).toEqual({
            parts: all.map((text, index) => ({ name: `${index}`, bytes: text })),
            end: 'over',
          })
        },
      ),
    )
  })

  it.each([
    ['words before and behind', `preamble\r\n${formOf(file('a', 'x'))}epilogue\r\n--B\r\n`, 'over', 1],
    ['padding behind a delimiter', `--B \t\r\n${file('a', 'x')}--B--`, 'over', 1],
    ['a part with neither bytes nor a line for them', '--B\r\nX: 1\r\n\r\n--B--', 'over', 1],
    ['no part', '--B--', 'over', 0],
    ['a delimiter that goes on', '--Bx\r\n\r\n', 'BAD_REQUEST', 0],
    ['a head that is none', '--B\r\nwhat is this\r\n\r\n', 'BAD_REQUEST', 0],
    ['heads without end', `--B\r\n${'X: 1\r\n'.repeat(5000)}`, 'TOO_LARGE', 0],
    ['a head without end', `--B\r\nX: ${'x'.repeat(10_000)}`, 'TOO_LARGE', 0],
    ['much before its first part', `${'x'.repeat(70_000)}\r\n--B--`, 'TOO_LARGE', 0],
    [
      'much that is no file',
      formOf(`Content-Disposition: form-data; name=a\r\n\r\n${'x'.repeat(70_000)}\r\n`).toString(),
      'TOO_LARGE',
      1,
    ],
    ['more parts than anybody sends', `${'--B\r\nX: 1\r\n\r\n\r\n'.repeat(1001)}--B--`, 'TOO_LARGE', 1000],
    [
      'a file in base64',
      `--B\r\nContent-Disposition: form-data; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--B--`,
      'UNSUPPORTED_TYPE',
      0,
    ],
    ['no form at all', 'hello', 'BAD_REQUEST', 0],
  ])('with %s', async (_case, text, end, count) => {
    const found = await taken([Buffer.from(text)], 'whole', 'B', true)
    expect([found.end, found.parts.length]).toEqual([end, count])
  })

  it('with more of files than of anything else', async () => {
    const found = await taken([formOf(file('a', 'x'.repeat(200_000)), file('b', 'y'.repeat(200_000)))])
    expect([found.end, found.parts.map(({ bytes }) => bytes.length)]).toEqual(['over', [200_000, 200_000]])
  })
})

it.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['Multipart/Form-Data;boundary="a b:c"', 'a b:c'],
  ['multipart/form-data; charset=utf-8; Boundary=----WebKit', '----WebKit'],
  ['multipart/form-data', ''],
  ['multipart/mixed; boundary=abc', undefined],
  ['application/x-www-form-urlencoded', undefined],
  [undefined, undefined],
])('the boundary in %j is %j', (type, boundary) => expect(boundaryOf(type)).toBe(boundary))

it.each([
  ['form-data; name="file"; filename="a b.txt"', 'a b.txt'],
  ['form-data; name=file; filename=a.txt', 'a.txt'],
  ["form-data; name=file; filename=a.txt; filename*=utf-8''na%C3%AFve.txt", 'na\u00efve.txt'],
  ['form-data; filename="=?utf-8?B?xx?="; filename*=utf-8\'\'b.txt', 'b.txt'],
  ["form-data; filename=a.txt; filename*=utf-8''%zz", 'a.txt'],
  ['form-data; name="file"; filename="a%22b%0D%0A%41.txt"', 'a"b\r\n%41.txt'],
  ['form-data; name="file"; filename="a\\"b\\\\c.txt"', 'a"b\\c.txt'],
  ['form-data; name="file"; filename="C:\\dir\\a.txt"', 'C:\\dir\\a.txt'],
  ['form-data; name="a; filename=x"; filename="y"', 'y'],
  ['Form-Data; FileName=""', ''],
  ['form-data; name="file"', undefined],
  ['attachment; filename="a.txt"', 'a.txt'],
  ['inline; filename="a.txt"', undefined],
  ['', undefined],
])('the file in %s is called %j', (disposition, name) => expect(fileNameIn(disposition)).toBe(name))

it('a name that was made to be slow to read is not', () => {
  expect(fileNameIn(`form-data; filename="${'\\\\'.repeat(4000)}`)).toBeDefined()
  expect(fileNameIn(`form-data; filename="${'\\'.repeat(8000)}`)).toBeDefined()
})
