import { describe, expect, it } from 'vitest'
import { Waiters } from '#domain/async/waiters.ts'
import { turn } from '../../../harness/turns.ts'

function scene() {
  const waiters = new Waiters()
  const released: string[] = []
  const wait = (name: string, signal?: AbortSignal) =>
    void waiters.wait(signal).then(() => {
      released.push(name)
    })
  return { waiters, released, wait }
}

describe('waiters', () => {
  it('are released once each, in their order', async () => {
    const { waiters, released, wait } = scene()
    for (const name of ['a', 'b', 'c']) wait(name)
    await turn()
    expect(released).toEqual([])
    waiters.release()
    waiters.release()
    await turn()
    expect(released).toEqual(['a', 'b', 'c'])
    expect(waiters.size).toBe(0)
  })

  it('are released one at a time where that is asked for', async () => {
    const { waiters, released, wait } = scene()
    for (const name of ['a', 'b']) wait(name)
    expect(waiters.releaseOne()).toBe(true)
    await turn()
    expect(released).toEqual(['a'])
    expect(waiters.releaseOne()).toBe(true)
    expect(waiters.releaseOne()).toBe(false)
    await turn()
    expect(released).toEqual(['a', 'b'])
  })

  it('that wait again while they are released wait for the next release', () => {
    const waiters = new Waiters()
    let calls = 0
    const again = () => {
      calls++
      waiters.add(again)
    }
    waiters.add(again)
    waiters.release()
    expect(calls).toBe(1)
    waiters.release()
    expect(calls).toBe(2)
  })

  it('are called off without a trace, also the same callback twice', () => {
    const waiters = new Waiters()
    let calls = 0
    const count = () => {
      calls++
    }
    const callOff = waiters.add(count)
    waiters.add(count)
    expect(waiters.size).toBe(2)
    callOff()
    callOff()
    expect(waiters.size).toBe(1)
    waiters.release()
    expect(calls).toBe(1)
  })

  it('stop waiting when their signal is aborted, and leave no listener behind when it is not', async () => {
    const { waiters, released, wait } = scene()
    const leaving = new AbortController()
    wait('leaves', leaving.signal)
    wait('stays', new AbortController().signal)
    leaving.abort()
    await turn()
    expect(released).toEqual(['leaves'])
    expect(waiters.size).toBe(1)
    wait('came too late', leaving.signal)
    await turn()
    expect(released).toEqual(['leaves', 'came too late'])
    expect(waiters.size).toBe(1)

    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', run: () => void) => void listeners.add(run),
      removeEventListener: (_: 'abort', run: () => void) => void listeners.delete(run),
    }
    void waiters.wait(signal)
    expect(listeners.size).toBe(1)
    waiters.release()
    expect(listeners.size).toBe(0)
  })
})
