import { describe, expect, it } from 'vitest'
import { Bandwidth, type BandwidthCaps } from '#domain/engine/bandwidth.ts'
import { ManualClock } from '#system/clock.ts'

const MB = 1_000_000
/** What one is given at a time, at least. */
const TURN = 16 * 1024

function open(caps: Partial<BandwidthCaps>) {
  const clock = new ManualClock()
  const bandwidth = new Bandwidth(clock, { transfer: 0, host: 0, ...caps })
  /** A transfer that always has more: `moved` counts what it was let through with, `awayMs` is its pause after each piece. */
  const transfer = (pieceBytes: number, awayMs = 0) => {
    const state = { moved: 0, over: false }
    const lease = bandwidth.open()
    void (async () => {
      while (!state.over) {
        await lease.pass(pieceBytes)
        state.moved += pieceBytes
        await new Promise<void>((resolve) => clock.after(awayMs, resolve))
      }
    })()
    return state
  }
  const run = async (ms: number) => {
    for (let at = 0; at < ms; at++) {
      clock.advance(1)
      // What was let through goes on within the millisecond.
      for (let turn = 0; turn < 12; turn++) await Promise.resolve()
    }
  }
  return { clock, bandwidth, transfer, run }
}

/** Within `percent` of what was wanted, and a piece that is just passing. */
const about = (wanted: number, pieceBytes: number, percent = 8) =>
  expect.toSatisfy(
    (bytes: number) => Math.abs(bytes - wanted) <= pieceBytes + (wanted * percent) / 100,
    `about ${wanted}`,
  )

describe('bandwidth', () => {
  it('without a cap makes nobody wait and sets no timer', () => {
    const { bandwidth, clock } = open({})
    const lease = bandwidth.open()
    for (let piece = 0; piece < 1000; piece++) expect(lease.pass(MB)).toBeUndefined()
    expect([clock.waiting, lease.pieceBytes]).toEqual([0, Infinity])
  })
  it.each([10_000, MB, 50 * MB])(
    'of one transfer alone is the whole cap of the host: %d bytes a second',
    async (host) => {
      const { transfer, run } = open({ host })
      const one = transfer(host / 100)
      await run(4000)
      expect(one.moved).toEqual(about(4 * host, TURN))
    },
  )
  it('of each transfer is its own', async () => {
    const { transfer, run } = open({ transfer: MB })
    const [one, two] = [transfer(64 * 1024), transfer(1000)]
    await run(3000)
    expect([one.moved, two.moved]).toEqual([about(3 * MB, 64 * 1024), about(3 * MB, TURN)])
  })
  it('of the host is shared by bytes, whatever the size of their pieces', async () => {
    const { transfer, run } = open({ host: 9 * MB })
    const three = [transfer(MB), transfer(64 * 1024), transfer(16_000)]
    await run(4000)
    expect(three.map(({ moved }) => moved)).toEqual([
      about(12 * MB, MB, 15),
      about(12 * MB, 64 * 1024, 15),
      about(12 * MB, TURN, 15),
    ])
  })
  it('that one transfer leaves goes to the others: nobody waits for the slowest', async () => {
    const { transfer, run } = open({ host: 10 * MB })
    const slow = transfer(10_000, 10)
    const fast = transfer(256 * 1024)
    await run(3000)
    expect(slow.moved).toBeGreaterThan(2 * MB)
    expect(slow.moved + fast.moved).toEqual(about(30 * MB, MB))
  })
  it('holds to both caps at once', async () => {
    const { transfer, run } = open({ host: 3 * MB, transfer: MB })
    const two = [transfer(10_000), transfer(10_000)]
    await run(2000)
    expect(two.map(({ moved }) => moved)).toEqual([about(2 * MB, TURN), about(2 * MB, TURN)])
    const more = [transfer(10_000), transfer(10_000)]
    await run(2000)
    for (const { moved } of more) expect(moved).toEqual(about(1.5 * MB, TURN, 15))
  })
  it('goes to who stays when somebody has had enough', async () => {
    const { transfer, run } = open({ host: 2 * MB })
    const [one, two] = [transfer(10_000), transfer(10_000)]
    await run(1000)
    one.over = true
    const before = two.moved
    await run(1000)
    expect(two.moved - before).toEqual(about(2 * MB, TURN))
  })
  it('changes for what waits already: up, down and off', async () => {
    const { bandwidth, transfer, run, clock } = open({ host: 1000 })
    const one = transfer(20_000)
    await run(2000)
    expect(one.moved).toBeLessThanOrEqual(20_000)
    bandwidth.set({ host: 2 * MB })
    let before = one.moved
    await run(1000)
    expect(one.moved - before).toEqual(about(2 * MB, 20_000))
    bandwidth.set({ host: 0, transfer: 100_000 })
    expect(bandwidth.caps).toEqual({ host: 0, transfer: 100_000 })
    before = one.moved
    await run(2000)
    expect(one.moved - before).toEqual(about(200_000, 20_000))
    bandwidth.set({ transfer: 0 })
    one.over = true
    await run(2)
    expect(clock.waiting).toBe(0)
  })
  it('saves up little while nothing moves', async () => {
    const { clock, transfer, run } = open({ host: MB, transfer: MB })
    clock.advance(3_600_000)
    const one = transfer(1000)
    await run(10)
    expect(one.moved).toBeLessThan(0.1 * MB)
  })
  it('is counted in pieces that flow: a tenth of a second of the smallest cap, and no crumbs', () => {
    expect(open({ host: MB }).bandwidth.open().pieceBytes).toBe(100_000)
    expect(open({ host: MB, transfer: 50_000 }).bandwidth.open().pieceBytes).toBe(5000)
    expect(open({ transfer: 1 }).bandwidth.open().pieceBytes).toBe(1024)
  })
})
