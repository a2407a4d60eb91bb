import { expect, it } from 'vitest'
import { bytesOf, guardSend, sizeText } from '#server/connection/wording.ts'

for (const [bytes, text] of [
  [0, '0 B'],
  [1, '1 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1234, '1.2 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1 MB'],
  [11_500_000, '11.5 MB'],
  [4 * 1024 ** 3, '4.3 GB'],
  [2e15, '2,000 TB'],
] as const)
  it(`${bytes} bytes are ${text}`, () => expect(sizeText(bytes)).toBe(text))

for (const [text, bytes] of [
  ['0', 0],
  ['1000', 1000],
  ['5M', 5_000_000],
  ['1.5 gb', 1_500_000_000],
  ['500k', 500_000],
  ['2T', 2e12],
] as const)
  it(`${text} is ${bytes} bytes`, () => expect(bytesOf(text)).toBe(bytes))
it.each(['', 'M', '-1', '1e3', '5X', '5MM', '1,5M', '0x10', '99999999999T', '5M x'])('%j is no size', (text) =>
  expect(bytesOf(text)).toBeUndefined(),
)

it('the word SEND is broken each time, and only it', () =>
  expect(guardSend('SEND send SENDER')).toBe('S\u200bEND send S\u200bENDER'))
