import { expect, test } from 'vitest'
import { Semaphore } from '#domain/async/semaphore.ts'

test('at most so many run at once, the others follow in order, also after one has failed', async () => {
  const turns = new Semaphore(2)
  const order: number[] = []
  let running = 0
  let most = 0
  const task = (index: number) => async (): Promise<number> => {
    order.push(index)
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    if (index === 1) throw new Error('one fails')
    return index
  }
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map((index) => turns.run(task(index))))
  expect(order).toEqual([0, 1, 2, 3, 4])
  expect(most).toBe(2)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
})
