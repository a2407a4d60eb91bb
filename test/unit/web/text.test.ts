import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blocksOf } from '#protocol/code-text.ts'
import { huesOf } from '#web/text/hues.ts'
import { begunIn, completed, piecesOf } from '#web/text/text.ts'

const links = (text: string) => piecesOf(text).flatMap(({ text, href }) => (href === undefined ? [] : text))

describe('links in a text', () => {
  test.each([
    ['see https://example.org/a, please', ['https://example.org/a']],
    ['(https://example.org/a_(b))', ['https://example.org/a_(b)']],
    ['http://192.168.0.7:8268/#room=tea!', ['http://192.168.0.7:8268/#room=tea']],
    ['HTTPS://EXAMPLE.ORG and https://b.example', ['HTTPS://EXAMPLE.ORG', 'https://b.example']],
    ['<https://example.org>"x', ['https://example.org']],
    ['https://', []],
    ['nothttps://example.org', []],
  ])('%s', (text, found) => {
    expect(links(text)).toEqual(found)
  })

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt://https://x',
    'data:text/html,<script>',
    'file:///etc/passwd',
    'vbscript:x',
  ])('C96: %s leads nowhere', (text) => {
    for (const { href } of piecesOf(text)) if (href !== undefined) expect(href).toMatch(/^https?:/)
    expect(links(text).filter((link) => !/^https?:/i.test(link))).toEqual([])
  })

  test('C96: whatever is written, nothing of it is lost, and only http leads anywhere', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('https://', 'http://a.b/', ')', '(', '"', "'", ' ', '\n', '\u202e', '`'),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        const pieces = piecesOf(text)
        expect(pieces.map((piece) => piece.text).join('')).toBe(text)
        for (const { href } of pieces) if (href !== undefined) expect(href).toMatch(/^https?:\/\/[^\s"<>]+$/)
      }),
    )
  })
})

test('names are completed behind an @ and behind a word that takes one', () => {
  const names = ['ani', 'Budi']
  expect(completed('hi @bu, ok', 6, names)).toEqual({ text: 'hi @Budi , ok', cursor: 9 })
  expect(completed('/msg a', 6, names)).toEqual({ text: '/msg ani ', cursor: 9 })
  for (const text of ['hi bu', '@', '@ani', 'a@bu', '@zz']) expect(completed(text, text.length, names)).toBeUndefined()
})

test('code spans are code, and hide links; blocks stand between fences that are closed', () => {
  const spans = piecesOf('run `curl https://a.b` or https://c.d')
  expect(spans.filter(({ isCode }) => isCode).map(({ text }) => text)).toEqual(['`curl https://a.b`'])
  expect(links('run `curl https://a.b` or https://c.d')).toEqual(['https://c.d'])
  const blocks = (text: string) => blocksOf(text.split('\n')).map(({ type, lines }) => [type, lines.join('|')])
  expect(blocks('see\n```ts\nlet a\n\nb\n```\nso')).toEqual([
    ['text', 'see'],
    ['code', 'let a||b'],
    ['text', 'so'],
  ])
  expect(blocks('```\nnever closed')).toEqual([['text', '```|never closed']])
})

test('a word that begins with / or @ is told while it is typed', () => {
  expect(begunIn('/to', 3)).toEqual({ type: 'command', text: 'to' })
  expect(begunIn('hi @', 4)).toEqual({ type: 'person', text: '' })
  for (const text of ['/msg a', 'a/b', 'a@b', 'hi']) expect(begunIn(text, text.length)).toBeUndefined()
})

test('twelve people have twelve hues, which are those of their names', () => {
  const names = Array.from({ length: 12 }, (_, at) => `name${at}`)
  expect(new Set(huesOf(names).values()).size).toBe(12)
  expect(huesOf(['Ani']).get('ani')).toBe(huesOf(['ani']).get('ani'))
})
