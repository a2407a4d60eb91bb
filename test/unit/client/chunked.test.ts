import { describe, expect, it } from 'vitest'
import { chunked } from '#client/chunked.ts'
import type { Piece } from '#client/stream-upload.ts'
import { pieces } from '../../harness/bytes.ts'
import { failure } from '../../harness/house.ts'

async function all(from: AsyncIterable<Piece>) {
  const found: [string, boolean][] = []
  for await (const { bytes, last } of from) found.push([bytes.toString(), last])
  return found
}

const HOUR = 3_600_000

describe('what a pipe says', () => {
  it('goes in pieces that are full, and the last one says so', async () => {
    expect(await all(chunked(pieces('ab', 'cd', 'e'), 4, HOUR))).toEqual([
      ['abcd', false],
      ['e', true],
    ])
  })
  it('may end just where a piece does, or be nothing at all', async () => {
    expect(await all(chunked(pieces('abcd'), 4, HOUR))).toEqual([
      ['abcd', false],
      ['', true],
    ])
    expect(await all(chunked(pieces('abcdefghi'), 4, HOUR))).toEqual([
      ['abcd', false],
      ['efgh', false],
      ['i', false],
      ['', true],
    ])
    expect(await all(chunked(pieces(), 4, HOUR))).toEqual([['', true]])
  })
  it('goes when its time is up though the piece is not full, and nothing of it is lost', async () => {
    const more = Promise.withResolvers<void>()
    async function* slowly() {
      yield Buffer.from('a')
      await more.promise
      yield Buffer.from('b')
    }
    const found = chunked(slowly(), 1000, 1)
    expect((await found.next()).value).toEqual({ bytes: Buffer.from('a'), last: false })
    more.resolve()
    expect(await all(found)).toEqual([['b', true]])
  })
  it('ends at once where nobody wants more of it, though its source waits for ever', async () => {
    async function* open() {
      yield Buffer.from('a')
      await new Promise(() => {})
    }
    for await (const { bytes } of chunked(open(), 1, HOUR)) {
      expect(bytes.toString()).toBe('a')
      break
    }
  })
  it('fails as its source does', async () => {
    async function* broken() {
      yield Buffer.from('a')
      throw new Error('the pipe broke')
    }
    expect(await failure(all(chunked(broken(), 1000, HOUR)))).toMatchObject({ message: 'the pipe broke' })
  })
})
