import { describe, expect, it, vi } from 'vitest'
import { failure, openHouse, watch } from '../../../harness/house.ts'
import { seqsOf } from '../../../harness/people.ts'
import { turns } from '../../../harness/turns.ts'

const limits = { historyEntries: 20, readerEntries: 30, pageEntries: 8 }

async function talked(lines: number, some: Partial<typeof limits> = {}) {
  const house = await openHouse({ limits: { ...limits, ...some } })
  const ani = await house.join('ani')
  const talk = async (count: number) => {
    for (let at = 0; at < count; at++) await ani.send({ type: 'say', text: `${at}` })
    await turns(2)
  }
  await talk(lines)
  const first = async () => (await house.journal.span('lobby'))?.first ?? 0
  return { ...house, ani, talk, first }
}

describe('a room with a full history', () => {
  it('keeps all of it until it is a tenth over, then forgets the oldest', async () => {
    const { talk, first, ani } = await talked(21)
    expect(await first()).toBe(1)
    await talk(3)
    expect(await first()).toBeGreaterThan(1)
    expect(await first()).toBeLessThanOrEqual(24 - 20 + 1)
    expect(ani.last).toBe(24)
  })
  it('is trimmed once in a while, not entry by entry', async () => {
    const { journal, talk } = await talked(0)
    const trim = vi.spyOn(journal, 'trim')
    await talk(60)
    expect(trim.mock.calls.length).toBeGreaterThan(5)
    expect(trim.mock.calls.length).toBeLessThan(25)
  })
  it('keeps its topic and files', async () => {
    const { ani, talk, join } = await talked(0)
    await ani.send({ type: 'setTopic', topic: 'songs' })
    await talk(60)
    await ani.close()
    await turns(2)
    expect((await join('budi')).rules.topic).toBe('songs')
  })
  it('tells who asks for what is gone how much that was, and gives the rest', async () => {
    const { engine, first } = await talked(60)
    const budi = await engine.join({ room: 'lobby', name: 'budi', after: 0 })
    const seen = watch(budi)
    await turns(20)
    const kept = await first()
    expect(seen.events[0]).toEqual({ type: 'missed', from: 1, to: kept - 1 })
    expect(seqsOf(seen.events)).toEqual(Array.from({ length: 60 - kept + 1 }, (_, at) => kept + at))
  })
  it('goes on being trimmed after it was read back', async () => {
    const { ani, join, first } = await talked(60)
    const before = await first()
    await ani.close()
    await turns(2)
    const budi = await join('budi')
    for (let at = 0; at < 30; at++) await budi.send({ type: 'say', text: 'x' })
    await turns(2)
    expect(await first()).toBeGreaterThan(before + 20)
  })
})

describe('P4 a reader that is behind', () => {
  it('loses nothing while it is no further behind than readers may be', async () => {
    const { ani, talk, first } = await talked(0)
    const seqs: number[] = []
    const follower = ani.follow(0, (batch) => seqs.push(...seqsOf(batch.events)))
    await talk(50)
    expect(await first()).toBe(1)
    follower.resume()
    await turns(30)
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    await talk(1)
    expect(await first()).toBeGreaterThan(1)
  })
  it('loses what is older than that', async () => {
    const { ani, talk, first } = await talked(0)
    ani.follow(0, () => {})
    await talk(70)
    expect(await first()).toBeGreaterThan(1)
    expect(await first()).toBeLessThanOrEqual(70 - 50 + 1)
  })
  it('in another room, or one that is closed, keeps nothing here', async () => {
    const { ani, talk, first, join } = await talked(0)
    const budi = await join('budi', 'kitchen')
    budi.follow(0, () => {})
    ani.follow(0, () => {}).close()
    await talk(24)
    expect(await first()).toBeGreaterThan(1)
  })
})

it('C76 a journal that fails to trim is reported', async () => {
  const { journal, talk, broken } = await talked(0)
  const error = new Error('I/O error')
  vi.spyOn(journal, 'trim').mockRejectedValueOnce(error)
  await talk(24)
  expect(broken).toEqual([error])
})

it('a page that can not be read ends the stream of its reader only', async () => {
  const { ani, journal } = await talked(3)
  const seen = watch(ani)
  await turns(4)
  vi.spyOn(journal, 'read').mockRejectedValueOnce(new Error('I/O error'))
  const other = watch(ani)
  await turns(4)
  expect([seen.completed, other.completed]).toEqual([false, true])
  expect(await ani.send({ type: 'say', text: 'a' })).toMatchObject({ type: 'ack' })
  vi.spyOn(journal, 'read').mockRejectedValueOnce(new Error('I/O error'))
  expect(await failure(ani.history(3))).toBeInstanceOf(Error)
})
