import { expect, test } from 'vitest'
import { IrcDecoder, lineOf } from '#server/irc/codec.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const count = Number(process.env['FUZZ_COUNT'] ?? 100_000)

/** Small and quick; the same numbers for the same seed. */
function numbers(start: number): (below: number) => number {
  let state = start >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const TOKENS = [
  ...[
    '@',
    ':',
    ' ',
    ';',
    '=',
    '\\',
    '\\:',
    '\r',
    '\n',
    '\r\n',
    '\0',
    '\x01',
    '\x1b',
    'PRIVMSG',
    '#a',
    'é',
    '🏠',
    'a=b',
  ],
  ...['CAP LS 302', 'NICK x\r\n', 'x'.repeat(300), 't'.repeat(4090)],
].map((text) => Buffer.from(text))
const BROKEN = Buffer.from([0xff, 0xc3, 0x28])

test(`a decoder takes any bytes, at any split, and what it makes is sent as one line (seed ${seed})`, () => {
  const next = numbers(seed)
  for (let run = 0; run < count; run++) {
    const parts = Array.from({ length: 1 + next(8) }, () => (next(30) === 0 ? BROKEN : TOKENS[next(TOKENS.length)]))
    const bytes = Buffer.concat([...parts, Buffer.from('\n')] as Buffer[])
    const whole = new IrcDecoder().push(bytes)
    const decoder = new IrcDecoder()
    const at = next(bytes.length + 1)
    const split = [...decoder.push(bytes.subarray(0, at)), ...decoder.push(bytes.subarray(at))]
    if (JSON.stringify(split) !== JSON.stringify(whole)) expect(split, `seed ${seed}, run ${run}`).toEqual(whole)
    for (const item of whole) {
      if ('fault' in item) continue
      const line = lineOf({ source: 'x', verb: item.verb, params: item.params, text: item.params.join('\n') })
      // Only the end has an end.
      if (/[\r\n\0]/.test(line.slice(0, -2)) || !line.endsWith('\r\n')) expect.fail(`seed ${seed}, run ${run}: ${line}`)
    }
  }
})
