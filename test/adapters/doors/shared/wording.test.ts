import { expect, it } from 'vitest'
import { guardSend, sizeText } from '../../../../src/adapters/doors/shared/wording.ts'

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

it('the word SEND is broken each time, and only it', () =>
  expect(guardSend('SEND send SENDER')).toBe('S\u200bEND send S\u200bENDER'))
