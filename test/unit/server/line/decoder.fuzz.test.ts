import { mkdirSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { LineDecoder, type LineDecoderOptions } from '#server/line/decoder.ts'
import type { BeginItem } from '#server/line/syntax.ts'
import { readWhole } from './reference.ts'
import {
  addTokens,
  agree,
  byteByByte,
  bytes,
  decode,
  isSame,
  type Outcome,
  SENTINEL,
  type Token,
  utf8,
} from './scenario.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const count = Number(process.env['FUZZ_COUNT'] ?? 120_000)
const CORPUS = new URL('corpus/', import.meta.url)
const MAX_GROWTH_BYTES = 8 * 1024 * 1024

const TOKENS = [
  ...['SEND a\n', 'SEND ', 'SEND', 'send x\n', '/put 3 p\n', '/put 0 z\r\n', '/put 40 long\n', '/put x\n', '/who\n'],
  ...[
    '//',
    '/',
    '/nick  ani',
    'GET / HTTP/1.1\r\n',
    'POST /aaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    ' HTTP/1.1',
    'PRI * HTTP/2.0\n',
  ],
  ...[SENTINEL, SENTINEL, `${SENTINEL}\n`, '//AGUEL', '//TAMTAM/', '/AGUEL//TAMTAM//', 'TAMTAM//'],
  ...[
    '\n',
    '\n',
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    'hello',
    'some words ',
    'a',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    'a line\n',
    'x\r\ny\r\n',
  ],
  ...[
    utf8('é'),
    utf8('€'),
    utf8('😀'),
    '\xf0\x9f',
    '\xc3',
    '\x98\x80',
    '\xff',
    '\xed\xa0\x80',
    '\x00',
    '\x1b[2J',
    '\t',
  ],
  // Byte order marks, UTF-16, paths, and what telnet and PuTTY send.
  ...['\xef\xbb\xbf', '\xff\xfe', '\xfe\xff', 'h\x00i\x00', '\x00h\x00i', '\r\x00', '\r\x00\n', '/home/u/x', '/a/b\n'],
  ...['\xff\xf4', '\xff\xfd\x06', '\xff\xf6', '\xff\xfb\x1f', '\xff\xfd\x01', '\xff\xfa\x18\x00x\xff\xf0', '\xff\xfa'],
  ...['\xff\xff', '\xff\xf8', '\xff\xf7', '\xff\xf3', '\xff\xfc\x06', '\xff\xfe\x03', '\xff\xf2', '\xf2', '\xff\xf0'],
].map(bytes)
// More than the decoder reads one by one: a block.
const BLOCK = bytes('plain words in a line\n'.repeat(14))
const OPTIONS: readonly LineDecoderOptions[] = [{}, { maxLineBytes: 24, maxDiscardedBytes: 40 }, { maxLineBytes: 30 }]

type Random = (below: number) => number

function xorshift(start: number): Random {
  let state = start | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function makeInput(random: Random): Buffer {
  const parts = Array.from({ length: 1 + random(9) }, () => {
    const kind = random(48)
    if (kind === 0) return BLOCK
    if (kind < 4) return Buffer.from(Array.from({ length: 1 + random(6) }, () => random(256)))
    return TOKENS[random(TOKENS.length)] as Buffer
  })
  return Buffer.concat(parts)
}

function cutUp(input: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = []
  const longest = 1 + random(random(2) === 0 ? 6 : input.length)
  for (let at = 0; at < input.length; ) {
    const next = at + 1 + random(longest)
    chunks.push(input.subarray(at, next))
    at = next
  }
  return chunks
}

function decodeUnwanted(chunks: readonly Buffer[], options: LineDecoderOptions): Token[] {
  const decoder = new LineDecoder(options)
  const tokens: Token[] = []
  for (const chunk of chunks) {
    const items = decoder.push(chunk)
    addTokens(tokens, items)
    for (const item of items) if (item.type === 'begin') decoder.abandonBody(item satisfies BeginItem)
  }
  addTokens(tokens, decoder.end())
  return tokens.filter(([type]) => type !== 'body')
}

const withoutBodies = ({ tokens, linesSeen }: Outcome): Outcome => ({
  tokens: tokens.filter(([type]) => type !== 'body'),
  linesSeen,
})

function holds(input: Buffer, random: Random): boolean {
  const options = OPTIONS[random(OPTIONS.length)] as LineDecoderOptions
  const whole = decode([input], options)
  const chunks = random(8) === 0 ? byteByByte(input) : cutUp(input, random)
  const chunked = decode(chunks, options)
  const slowly = readWhole(input, options.maxLineBytes, options.maxDiscardedBytes)
  if (!isSame(slowly, whole) || !agree(whole, chunked)) return false
  if (random(8) !== 0) return true
  const tokens = decodeUnwanted(chunks, options)
  return agree(withoutBodies(chunked), { tokens, linesSeen: chunked.linesSeen })
}

function keep(input: Buffer, turn: number): void {
  mkdirSync(CORPUS, { recursive: true })
  writeFileSync(new URL(`seed-${seed}-${turn}.bin`, CORPUS), input)
}

test(`any chunking of any bytes gives the same, never throws and holds nothing (FUZZ_SEED=${seed})`, () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const random = xorshift(seed)
  let heapBefore = 0
  for (let turn = 0; turn < count; turn += 1) {
    if (turn === Math.floor(count / 10)) {
      collect()
      heapBefore = process.memoryUsage().heapUsed
    }
    const input = makeInput(random)
    let good = false
    try {
      good = holds(input, random)
    } finally {
      if (!good) keep(input, turn)
    }
    if (!good) expect.fail(`FUZZ_SEED=${seed}, input ${turn}: ${JSON.stringify(input.toString('latin1'))}`)
  }
  collect()
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(MAX_GROWTH_BYTES)
})
