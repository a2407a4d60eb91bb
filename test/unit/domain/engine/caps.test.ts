import { describe, expect, it } from 'vitest'
import type { WholeFile } from '#domain/room/events.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { pieces, textOf } from '../../../harness/bytes.ts'
import { type House, openHouse } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const KB = 1000
const PIECE = Buffer.alloc(10 * KB, 'x')

/** Lets time pass in steps of a hundredth of a second. */
async function pass({ clock }: House, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 10) {
    clock.advance(10)
    await turns(2)
  }
}

/** A file of `size` bytes in the room, whole. */
async function withFile(size: number) {
  const house = await openHouse()
  const ani = await house.join('ani')
  const file = (await ani.upload(pieces('x'.repeat(size)), { name: 'a' }).done) as WholeFile
  return { house, ani, file }
}

const count = (source: AsyncIterable<Uint8Array>) => {
  const state = { bytes: 0, largest: 0, ended: false }
  void (async () => {
    for await (const { length } of source) {
      state.bytes += length
      state.largest = Math.max(state.largest, length)
    }
    state.ended = true
  })()
  return state
}

async function written(house: House) {
  const tono = await house.join('tono')
  const transfer = (await tono.createTransfer({ name: 'b' })) as TransferActor
  return { transfer, writing: (await transfer.write(0)) as Writing }
}

describe('under a cap', () => {
  it('a download flows in small pieces, and another reader gets as much', async () => {
    const { house, ani, file } = await withFile(400 * KB)
    house.engine.bandwidth.set({ transfer: 100 * KB })
    const [one, two] = [count(ani.download(file.id)), count(ani.download(file.id))]
    await pass(house, 2000)
    for (const { bytes, largest } of [one, two]) {
      expect(bytes).toBeGreaterThan(170 * KB)
      expect(bytes).toBeLessThan(240 * KB)
      expect(largest).toBeLessThanOrEqual(10 * KB)
    }
    await pass(house, 3000)
    expect([one.bytes, two.bytes, two.ended]).toEqual([400 * KB, 400 * KB, true])
  })
  it('what comes in and what goes out share what the host may move', async () => {
    const { house, ani, file } = await withFile(400 * KB)
    const { writing } = await written(house)
    house.engine.bandwidth.set({ host: 100 * KB })
    const out = count(ani.download(file.id))
    let taken = 0
    void (async () => {
      for (let piece = 0; piece < 40; piece++) {
        await writing.append(PIECE)
        taken += PIECE.length
      }
    })()
    await pass(house, 2000)
    for (const bytes of [out.bytes, taken]) {
      expect(bytes).toBeGreaterThan(75 * KB)
      expect(bytes).toBeLessThan(130 * KB)
    }
    expect(out.bytes + taken).toBeGreaterThan(170 * KB)
    expect(out.bytes + taken).toBeLessThan(240 * KB)
  })
  it('who takes a transfer over need not wait for what the one before has still to pay', async () => {
    const house = await openHouse()
    const { transfer, writing } = await written(house)
    await writing.append(PIECE)
    house.engine.bandwidth.set({ transfer: 1 })
    const waits = writing.append(PIECE)
    const next = (await transfer.write(PIECE.length)) as Writing
    expect(next.offset).toBe(PIECE.length)
    house.engine.bandwidth.set({ transfer: 0 })
    expect(await waits).toMatchObject({ code: 'FENCED' })
  })
  it('what the host looks at itself is not counted', async () => {
    const { house, ani, file } = await withFile(400 * KB)
    house.engine.bandwidth.set({ host: 1 })
    expect(await textOf(ani.inspect(file.id))).toHaveLength(400 * KB)
  })
  it('nothing waits any more when the host stops', async () => {
    const { house, ani, file } = await withFile(400 * KB)
    house.engine.bandwidth.set({ host: 1 })
    const read = ani.download(file.id)[Symbol.asyncIterator]()
    const waits = read.next()
    await turns(2)
    await house.engine.stop()
    await waits.catch(() => {})
    expect(house.clock.waiting).toBe(0)
  })
})

it('a reader that waits for a stalled upload can go', async () => {
  const house = await openHouse()
  const { transfer } = await written(house)
  const read = (await house.join('budi')).download(transfer.id)[Symbol.asyncIterator]()
  const waits = read.next()
  await turns(2)
  expect(await read.return?.()).toEqual({ done: true, value: undefined })
  expect(await waits).toEqual({ done: true, value: undefined })
})
