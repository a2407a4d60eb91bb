import { describe, expect, it } from 'vitest'
import { ByteChannel } from '#server/line/file-io.ts'
import { textOf } from '../../../harness/bytes.ts'
import { failure } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const bytes = (text: string) => Buffer.from(text)
const watched = (promise: Promise<void> | undefined) => {
  const state = { free: promise === undefined }
  void promise?.then(() => {
    state.free = true
  })
  return state
}

describe('a body queue', () => {
  it('hands on what was pushed, before and while it is read, and ends', async () => {
    const queue = new ByteChannel(100)
    queue.push(bytes('a'))
    const read = textOf(queue)
    await turns(1)
    queue.push(bytes('b'))
    queue.push(bytes('c'))
    await turns(1)
    queue.push(bytes('d'))
    queue.end()
    expect(await read).toBe('abcd')
  })
  it('ends at once where nothing came', async () => {
    const queue = new ByteChannel(100)
    queue.end()
    expect(await textOf(queue)).toBe('')
  })
  it('makes the pusher wait above its mark, and lets it go below half of it', async () => {
    const queue = new ByteChannel(4)
    expect(queue.push(bytes('1234'))).toBeUndefined()
    const pushed = watched(queue.push(bytes('5')))
    expect(pushed.free).toBe(false)
    const reader = queue[Symbol.asyncIterator]()
    expect(String((await reader.next()).value)).toBe('1234')
    await turns(1)
    expect(pushed.free).toBe(false)
    await reader.next()
    await turns(1)
    expect(pushed.free).toBe(true)
  })
  it('gives what came before it failed, then throws why', async () => {
    const queue = new ByteChannel(100)
    queue.push(bytes('a'))
    const error = new Error('cut')
    queue.end(error)
    const reader = queue[Symbol.asyncIterator]()
    expect(String((await reader.next()).value)).toBe('a')
    expect(await failure(reader.next())).toBe(error)
  })
  it('throws while it waits for more', async () => {
    const queue = new ByteChannel(100)
    const read = failure(textOf(queue))
    await turns(1)
    const error = new Error('cut')
    queue.end(error)
    queue.end(new Error('twice'))
    expect(await read).toBe(error)
  })
  it('takes nothing behind its end', async () => {
    const queue = new ByteChannel(1)
    queue.push(bytes('a'))
    queue.end()
    expect(queue.push(bytes('bcd'))).toBeUndefined()
    expect(await textOf(queue)).toBe('a')
  })
  it('that its reader gives up lets the pusher go, for good', async () => {
    const queue = new ByteChannel(1)
    const pushed = watched(queue.push(bytes('abc')))
    for await (const _ of queue) break
    await turns(1)
    expect(pushed.free).toBe(true)
    expect(queue.push(bytes('more and more'))).toBeUndefined()
  })
})
