import { describe, expect, it } from 'vitest'
import { clientDefaults } from '#app/defaults.ts'
import { Disconnected, GaveUp, refusal, Unreachable } from '#client/errors.ts'
import { Retries, type Retry } from '#client/retries.ts'
import { failure } from '../../harness/house.ts'

const quick = { ...clientDefaults, firstRetryMs: 4, mostRetryMs: 16 }

/** Fails with each of these, and then succeeds. */
function failing(...failures: unknown[]) {
  return async () => {
    const next = failures.shift()
    if (next instanceof Error) throw next
    return (next ?? { done: true }) as { done: true }
  }
}

describe('retries', () => {
  it('go on while the connection fails or the host is busy, each after a longer wait, up to a limit', async () => {
    const told: Retry[] = []
    const retries = new Retries(quick, { report: (retry) => told.push(retry) })
    const cut = () => new Disconnected('cut')
    const attempt = failing(cut(), refusal(503, 'BUSY', 'later'), cut(), cut(), cut())
    expect(await retries.until(attempt)).toEqual({ done: true })
    expect(told.map(({ attempt: number, why }) => [number, why])).toEqual([
      [1, 'cut'],
      [2, 'later'],
      [3, 'cut'],
      [4, 'cut'],
      [5, 'cut'],
    ])
    const most = [4, 8, 16, 16, 16]
    for (const [index, { inMs }] of told.entries()) {
      expect(inMs).toBeLessThanOrEqual(most[index] ?? 0)
      expect(inMs).toBeGreaterThanOrEqual((most[index] ?? 0) / 2)
    }
  })
  it('begin anew when something moved', async () => {
    const told: number[] = []
    const retries = new Retries(quick, { report: ({ attempt }) => told.push(attempt) })
    await retries.again('cut')
    await retries.again('cut')
    retries.progressed()
    await retries.again('cut')
    expect(told).toEqual([1, 2, 1])
  })
  it.each([
    refusal(404, 'NO_SUCH_FILE', 'gone'),
    refusal(409, 'NAME_TAKEN', 'taken'),
    refusal(413, 'FILE_TOO_LARGE', 'too large'),
    refusal(460, 'HASH_MISMATCH', 'other bytes'),
    refusal(507, 'DISK_FULL', 'full'),
  ])('do not follow $code, which is an answer', async (answer) => {
    expect(await new Retries(quick).until(failing(answer))).toBe(answer)
  })
  it('do not follow what is no failed connection', async () => {
    expect(await failure(new Retries(quick).until(failing(new Unreachable('nobody'))))).toBeInstanceOf(Unreachable)
  })
  it('end when nothing moved for the time that was given', async () => {
    const retries = new Retries(quick, { giveUpMs: 0 })
    expect(await failure(retries.until(failing(new Disconnected('cut'))))).toBeInstanceOf(GaveUp)
  })
  it('do not pause on when the host is back', async () => {
    const retries = new Retries({ ...quick, firstRetryMs: 3_600_000, mostRetryMs: 3_600_000 })
    const done = retries.until(failing(new Disconnected('cut')))
    await Promise.resolve()
    await new Promise((resolve) => setTimeout(resolve))
    retries.hurry()
    expect(await done).toEqual({ done: true })
  })
  it('end when they are told to', async () => {
    const stop = new AbortController()
    const retries = new Retries({ ...quick, firstRetryMs: 3_600_000, mostRetryMs: 3_600_000 }, { signal: stop.signal })
    const waiting = failure(retries.until(failing(new Disconnected('cut'))))
    stop.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
  })
})
