import { expect } from 'vitest'
import { LineDecoder, type LineDecoderOptions } from '#server/line/decoder.ts'
import type { Item } from '#server/line/syntax.ts'

/** An item without its grouping: one text line, or all bytes of a body that follow each other (as latin1). */
export type Token = readonly [type: string, ...facts: unknown[]]

export interface Outcome {
  readonly tokens: Token[]
  readonly linesSeen: number
}

export const SENTINEL = '//AGUEL//TAMTAM//'

/** `latin1`, so that `\xff` in a test is the byte 0xff; text beyond is written with `utf8`. */
export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

export function decode(chunks: readonly Buffer[], options?: LineDecoderOptions): Outcome {
  const decoder = new LineDecoder(options)
  const tokens: Token[] = []
  for (const chunk of chunks) addTokens(tokens, decoder.push(chunk))
  addTokens(tokens, decoder.end())
  return { tokens, linesSeen: decoder.linesSeen }
}

/** Decodes the input whole, byte by byte and at every two-part split, and expects the same each time. */
export function decodeEveryWay(input: string, options?: LineDecoderOptions): Token[] {
  const whole = bytes(input)
  const outcome = decode([whole], options)
  expect(decode(byteByByte(whole), options), 'byte by byte').toEqual(outcome)
  for (let at = 1; at < whole.length; at += 1) {
    expect(decode([whole.subarray(0, at), whole.subarray(at)], options), `split at ${at}`).toEqual(outcome)
  }
  return outcome.tokens
}

export const byteByByte = (whole: Buffer): Buffer[] => Array.from(whole, (byte) => Buffer.of(byte))

/**
 * Whether two chunkings gave the same, but for C23: what follows a mark is judged by segment, so the whole may see a
 * suspect end where a part of it does not. Up to there both must agree.
 */
export function agree(whole: Outcome, chunked: Outcome): boolean {
  const suspect = whole.tokens.findIndex(([type, isSuspect]) => type === 'end' && isSuspect === true)
  const other = suspect < 0 ? undefined : chunked.tokens[suspect]
  if (other?.[0] === 'end' && other[1] === false) {
    return sameTokens(whole.tokens.slice(0, suspect), chunked.tokens.slice(0, suspect))
  }
  return isSame(whole, chunked)
}

export const isSame = (left: Outcome, right: Outcome): boolean =>
  left.linesSeen === right.linesSeen && sameTokens(left.tokens, right.tokens)

function sameTokens(left: readonly Token[], right: readonly Token[]): boolean {
  if (left.length !== right.length) return false
  return left.every((token, index) => {
    const other = right[index] as Token
    return token.length === other.length && token.every((fact, at) => fact === other[at])
  })
}

export function addTokens(tokens: Token[], items: readonly Item[]): void {
  for (const item of items) {
    if (item.type === 'text') for (const line of item.lines) tokens.push(['text', line])
    else if (item.type === 'body') addBody(tokens, item.bytes)
    else if (item.type === 'error' || item.type === 'close') tokens.push([item.type, item.code])
    else if (item.type === 'answer') tokens.push(['answer', item.bytes.toString('latin1')])
    else if (item.type === 'hint') tokens.push(['hint'])
    else tokens.push(Object.values(item) as unknown as Token)
  }
}

function addBody(tokens: Token[], slice: Buffer): void {
  const last = tokens.at(-1)
  if (last?.[0] === 'body') tokens[tokens.length - 1] = ['body', last[1] + slice.toString('latin1')]
  else tokens.push(['body', slice.toString('latin1')])
}
