import { describe, expect, it } from 'vitest'
import { FairQueue } from '#domain/async/fair-queue.ts'
import { turn } from '../../../harness/turns.ts'

/** Work that begins in some order, and ends when the test says so. */
function scene(atOnce: number) {
  const turns = new FairQueue(atOnce)
  const begun: string[] = []
  const ends: (() => void)[] = []
  const ask = (asker: string, what = asker, address = 'here') =>
    turns.run(address, asker, async () => {
      begun.push(what)
      await new Promise<void>((resolve) => ends.push(resolve))
      return what
    })
  const endAll = async () => {
    for (let quiet = 0; quiet < 2; quiet++) {
      await turn()
      const end = ends.shift()
      if (end === undefined) continue
      end()
      quiet = 0
    }
  }
  return { turns, begun, ask, endAll }
}

describe('fair turns', () => {
  it('run so much at once, and the rest in the order of the requesters, one of each', async () => {
    const { ask, begun, endAll } = scene(2)
    const all = [
      ...Array.from({ length: 5 }, (_, index) => ask('greedy', `greedy ${index}`)),
      ask('ani'),
      ask('budi', 'budi 0'),
      ask('budi', 'budi 1'),
    ]
    await turn()
    expect(begun).toEqual(['greedy 0', 'greedy 1'])
    await endAll()
    expect(begun.slice(2)).toEqual(['greedy 2', 'ani', 'budi 0', 'greedy 3', 'budi 1', 'greedy 4'])
    expect(await Promise.all(all)).toHaveLength(8)
  })

  it('go round by address first: nobody waits for how many askers another one has', async () => {
    const { ask, begun, endAll } = scene(1)
    const all = [
      ...Array.from({ length: 4 }, (_, index) => ask(`crowd ${index}`)),
      ask('ani', 'ani 0', 'there'),
      ask('ani', 'ani 1', 'there'),
      ask('budi', 'budi', 'elsewhere'),
    ]
    await endAll()
    expect(begun).toEqual(['crowd 0', 'crowd 1', 'ani 0', 'budi', 'crowd 2', 'ani 1', 'crowd 3'])
    await Promise.all(all)
  })

  it('go on after work that failed, and hand its error to who asked', async () => {
    const turns = new FairQueue(1)
    const failed = turns.run('here', 'ani', () => Promise.reject(new Error('of the store')))
    const next = turns.run('here', 'budi', async () => 'done')
    await expect(failed).rejects.toThrow('of the store')
    expect(await next).toBe('done')
    expect(await turns.run('here', 'ani', async () => 'again')).toBe('again')
  })
})
