import { expect, test } from 'vitest'
import { type Fault, IrcDecoder, lineOf, type Message } from '#server/irc/codec.ts'
import { seededNumbers } from '../../../harness/seeded-numbers.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
/** Lines. */
const count = Number(process.env['FUZZ_COUNT'] ?? 1_000_000)
/** Of one session, which is decoded whole and again in pieces. */
const LINES = 400

const WORDS = [
  '@',
  ':',
  ' ',
  ' ',
  ';',
  '=',
  '\\',
  '\\:',
  '\r',
  '\r\n',
  '\0',
  '\x01',
  '\x1b',
  'PRIVMSG',
  '#a',
  'é',
  '🏠',
]
const TOKENS = [...WORDS, 'a=b', 'CAP LS 302', 'NICK x', '@+typing=a;label=1 '].map((text) => Buffer.from(text))
const RARE = ['x'.repeat(300), `@${'t'.repeat(4090)}`].map((text) => Buffer.from(text))
const BROKEN = Buffer.from([0xff, 0xc3, 0x28])
const LF = Buffer.from('\n')

const same = (one: Message | Fault, other: Message | Fault | undefined): boolean => {
  if (other === undefined) return false
  if ('fault' in one || 'fault' in other) return 'fault' in one && 'fault' in other && one.fault === other.fault
  if (one.verb !== other.verb || one.params.length !== other.params.length) return false
  if (one.params.some((param, index) => param !== other.params[index])) return false
  return one.tags.size === other.tags.size && [...one.tags].every(([key, value]) => other.tags.get(key) === value)
}

test(`a decoder takes any bytes, however they are split, and what it makes is sent as one line (seed ${seed})`, () => {
  const next = seededNumbers(seed)
  const token = () => {
    const kind = next(400)
    return kind === 0
      ? (RARE[next(RARE.length)] as Buffer)
      : kind < 4
        ? BROKEN
        : (TOKENS[next(TOKENS.length)] as Buffer)
  }
  for (let run = 0; run < count / LINES; run++) {
    const parts: Buffer[] = []
    for (let line = 0; line < LINES; line++) {
      for (let words = next(8); words >= 0; words--) parts.push(token())
      parts.push(LF)
    }
    const bytes = Buffer.concat(parts)
    const whole = new IrcDecoder().push(bytes)
    const decoder = new IrcDecoder()
    let seen = 0
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + next(90)
      for (const item of decoder.push(bytes.subarray(at, end)))
        if (!same(item, whole[seen++])) expect.fail(`seed ${seed}, run ${run}: item ${seen} is another in pieces`)
      at = end
    }
    if (seen !== whole.length) expect.fail(`seed ${seed}, run ${run}: ${seen} items in pieces, ${whole.length} whole`)
    for (const item of whole) {
      if ('fault' in item) continue
      const { verb, params } = item
      const line = lineOf({ source: 'x', verb, params, text: params.join('\n') })
      // Only the end has an end.
      if (/[\r\n\0]/.test(line.slice(0, -2)) || !line.endsWith('\r\n')) expect.fail(`seed ${seed}, run ${run}: ${line}`)
    }
  }
})
