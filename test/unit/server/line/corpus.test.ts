import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LineDecoderOptions } from '#server/line/decoder.ts'
import { readWhole } from './reference.ts'
import { agree, byteByByte, decode } from './scenario.ts'

const CORPUS = new URL('corpus/', import.meta.url)
const OPTIONS: readonly LineDecoderOptions[] = [{}, { maxLineBytes: 24, maxDiscardedBytes: 40 }, { maxLineBytes: 30 }]

// Inputs that once failed, here or while the decoder was written; the fuzz run adds to them.
test.each(readdirSync(CORPUS).filter((name) => name.endsWith('.bin')))('%s reads the same in any chunking', (name) => {
  const input = readFileSync(new URL(name, CORPUS))
  for (const options of OPTIONS) {
    const whole = decode([input], options)
    expect(whole).toEqual(readWhole(input, options.maxLineBytes, options.maxDiscardedBytes))
    expect(agree(whole, decode(byteByByte(input), options)), 'byte by byte').toBe(true)
    for (let at = 1; at < input.length; at += 1) {
      const split = decode([input.subarray(0, at), input.subarray(at)], options)
      expect(agree(whole, split), `split at ${at}`).toBe(true)
    }
  }
})
