import { describe, expect, it } from 'vitest'
import { TokenBucket } from '#domain/async/token-bucket.ts'
import { ManualClock } from '#system/clock.ts'

function bucket(perSecond: number, burst: number) {
  const clock = new ManualClock()
  return { clock, bucket: new TokenBucket(clock, perSecond, burst) }
}

async function readyAfter({ clock, bucket }: { clock: ManualClock; bucket: TokenBucket }): Promise<number> {
  let ready = false
  void bucket.ready().then(() => {
    ready = true
  })
  const before = clock.elapsed()
  await Promise.resolve()
  while (!ready && clock.elapsed() - before < 60_000) {
    clock.advance(1)
    await Promise.resolve()
    await Promise.resolve()
  }
  return clock.elapsed() - before
}

describe('C5 C67 a rate', () => {
  it('lets a burst through at once, and then one after the other', async () => {
    const made = bucket(50, 100)
    expect(made.bucket.take(70)).toBe(70)
    expect(made.bucket.take(70)).toBe(30)
    expect(made.bucket.take(1)).toBe(0)
    expect(await readyAfter(made)).toBe(20)
    expect(made.bucket.take(5)).toBe(1)
  })
  it('fills again with time, up to a burst and no further', () => {
    const { bucket: it, clock } = bucket(10, 5)
    it.take(5)
    clock.advance(250)
    expect(it.take(5)).toBe(2)
    clock.advance(50)
    expect(it.take(5)).toBe(1)
    clock.advance(3_600_000)
    expect(it.take(100)).toBe(5)
  })
  it('gives over a long time as many as it says, however often it is asked', () => {
    const { bucket: it, clock } = bucket(7, 1)
    it.take(1)
    let taken = 0
    for (let ms = 0; ms < 100_000; ms += 13) {
      clock.advance(13)
      taken += it.take(1)
    }
    expect(taken).toBeGreaterThanOrEqual(699)
    expect(taken).toBeLessThanOrEqual(701)
  })
  it('can be charged into debt, which is then waited for', async () => {
    const made = bucket(10, 2)
    expect(made.bucket.charge(2)).toBe(false)
    expect(made.bucket.charge(3)).toBe(true)
    expect(made.bucket.take(1)).toBe(0)
    expect(await readyAfter(made)).toBe(400)
    expect(made.bucket.take(9)).toBe(1)
  })
  it('that is ready does not wait', async () => {
    const made = bucket(10, 2)
    expect(await readyAfter(made)).toBe(0)
    expect(made.clock.waiting).toBe(0)
  })
  it('of nothing is no limit', async () => {
    const made = bucket(0, 0)
    expect(made.bucket.take(1e6)).toBe(1e6)
    expect(made.bucket.charge(1e6)).toBe(false)
    expect(await readyAfter(made)).toBe(0)
  })
})
