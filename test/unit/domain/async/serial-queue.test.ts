import { describe, expect, it } from 'vitest'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import { turn } from '../../../harness/turns.ts'

describe('a serial queue', () => {
  it('runs one task after the other, in their order, and answers with what each of them gave', async () => {
    const queue = new SerialQueue()
    const order: string[] = []
    const task = (name: string) => async () => {
      order.push(`${name} begins`)
      await turn()
      order.push(`${name} ends`)
      return name
    }
    expect(await Promise.all([queue.run(task('a')), queue.run(task('b'))])).toEqual(['a', 'b'])
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  it('goes on after a task that failed; its caller and `failed` get the error', async () => {
    const failures: unknown[] = []
    const queue = new SerialQueue((error) => failures.push(error))
    const broken = new Error('broken')
    const first = queue.run(() => Promise.reject(broken))
    const second = queue.run(async () => 'done')
    await expect(first).rejects.toBe(broken)
    expect(await second).toBe('done')
    expect(failures).toEqual([broken])
  })
})
