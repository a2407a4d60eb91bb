import { describe, expect, it } from 'vitest'
import { memoryPair } from '#server/memory/pair.ts'
import { turns, until } from '../../../harness/turns.ts'

function pair(options = {}) {
  const [near, far] = memoryPair(options)
  const got: string[] = []
  far.on('data', (bytes: Buffer) => got.push(bytes.toString()))
  return { near, far, got }
}

describe('a connection in memory', () => {
  it('carries bytes both ways, piece by piece, in order', async () => {
    const { near, far, got } = pair()
    const back: string[] = []
    near.on('data', (bytes: Buffer) => back.push(bytes.toString()))
    near.write('a')
    near.write('b')
    far.write('c')
    await turns(2)
    expect([got, back]).toEqual([['a', 'b'], ['c']])
  })
  it('can be closed one way, and the other still carries', async () => {
    const { near, far, got } = pair()
    let ended = false
    far.on('end', () => {
      ended = true
      far.end('last words')
    })
    const back: string[] = []
    near.on('data', (bytes: Buffer) => back.push(bytes.toString()))
    near.end('a')
    await turns(3)
    expect([got, ended, back]).toEqual([['a'], true, ['last words']])
    await until(() => near.destroyed && far.destroyed)
  })
  it('that stalls keeps its peer’s bytes waiting, and hands on all of them when it goes on', async () => {
    const { near, far, got } = pair({ highWaterMark: 4 })
    far.stall()
    let drained = 0
    near.on('drain', () => drained++)
    for (let at = 0; at < 10; at++) near.write(`${at}`)
    await turns(3)
    expect(got).toEqual([])
    expect(near.writableLength).toBe(10)
    expect(drained).toBe(0)
    far.unstall()
    await turns(5)
    expect(got.join('')).toBe('0123456789')
    expect([near.writableLength, drained]).toEqual([0, 1])
    near.write('more')
    await turns(2)
    expect(got.join('')).toBe('0123456789more')
  })
  it('that stalls twice and in the middle loses nothing', async () => {
    const { near, far, got } = pair({ highWaterMark: 2 })
    for (let at = 0; at < 50; at++) {
      near.write(String.fromCharCode(48 + at))
      if (at % 7 === 0) far.stall()
      if (at % 5 === 0) far.unstall()
      if (at % 3 === 0) await turns(1)
    }
    far.unstall()
    await turns(60)
    expect(got.join('')).toBe(Array.from({ length: 50 }, (_, at) => String.fromCharCode(48 + at)).join(''))
  })
  it('that nobody reads takes what fits and no more', async () => {
    const [near, far] = memoryPair({ highWaterMark: 4 })
    for (let at = 0; at < 10; at++) near.write('abc')
    await turns(3)
    expect(near.writableLength).toBeGreaterThan(20)
    expect(far.readableLength).toBeLessThan(10)
  })
  it('hands on what was written, also when the writer uses its buffer again', async () => {
    const [near, far] = memoryPair()
    const lent = Buffer.from('first')
    await new Promise<void>((resolve) => near.write(lent, () => resolve()))
    lent.fill('x')
    expect(String(far.read())).toBe('first')
  })
  it('that stalls gets the end only when it goes on', async () => {
    const { near, far, got } = pair()
    let ended = false
    far.on('end', () => {
      ended = true
    })
    far.stall()
    near.end('a')
    await turns(3)
    expect([got, ended]).toEqual([[], false])
    far.unstall()
    await turns(3)
    expect([got, ended]).toEqual([['a'], true])
  })
  it('that breaks, breaks for its peer too', async () => {
    const { near, far } = pair()
    far.stall()
    near.write('a')
    near.destroy()
    await until(() => far.destroyed)
    far.write('b')
    await turns(2)
    expect(near.destroyed).toBe(true)
  })
  it('can be slow', async () => {
    const { near, got } = pair({ latencyMs: 200 })
    const started = performance.now()
    near.write('a')
    await turns(1)
    expect(got).toEqual([])
    await until(() => got.length > 0)
    expect(performance.now() - started).toBeGreaterThan(190)
  })
})
