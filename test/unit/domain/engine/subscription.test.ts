import { describe, expect, it, vi } from 'vitest'
import { RoomSubscription } from '#domain/engine/subscription.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { ani, budi, cici, dedi, left, seqsOf } from '../../../harness/people.ts'
import { turn } from '../../../harness/turns.ts'
import { pages, ScriptedFeed } from './scripted-feed.ts'

function reader(feed: ScriptedFeed, after = feed.last()) {
  const got: RoomEvent[] = []
  const ended = vi.fn()
  const take = vi.fn((batch: Batch) => void got.push(...batch.events))
  const follower = new RoomSubscription(feed, after, take, ended)
  return { follower, got, take, ended }
}

describe('a reader that keeps up', () => {
  it('begins held and gets what comes after its resume, batch by batch', () => {
    const feed = new ScriptedFeed()
    const { follower, take, got } = reader(feed)
    follower.resume()
    expect(follower.following).toBe(true)
    feed.commit(2)
    feed.commit(1, true)
    expect(take).toHaveBeenCalledTimes(2)
    expect(got.map(({ type }) => type)).toEqual(['said', 'said', 'said', 'joined'])
    expect(follower.cursor).toBe(3)
  })
  it('gets presence that comes alone, and stays where it is', () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    follower.resume()
    feed.commit(1)
    feed.commit(0, true)
    expect(got.map(({ type }) => type)).toEqual(['said', 'joined'])
    expect(follower.cursor).toBe(1)
  })
})

describe('a reader that is behind', () => {
  it('gets nothing while it holds, then all of it from the journal', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(3, true)
    feed.commit(2)
    expect(got).toEqual([])
    expect(follower.following).toBe(false)
    follower.resume()
    await pages(feed)
    expect(seqsOf(got)).toEqual([1, 2, 3, 4, 5])
    expect(got.map(({ type }) => type)).not.toContain('joined')
    expect(follower.following).toBe(true)
  })
  it('hears the difference once it has caught up: who came and went, is called otherwise, or is away', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.attend(ani, budi, { ...dedi, away: 'lunch' })
    follower.resume()
    got.length = 0
    follower.pause(0)
    feed.commit(1)
    feed.attend(ani, cici)
    feed.attend({ ...cici, name: 'cica' }, dedi, { ...ani, away: 'asleep' })
    follower.resume()
    await pages(feed)
    expect(got.slice(1)).toEqual([
      left(budi),
      { type: 'joined', by: { ...cici, name: 'cica' } },
      { type: 'back', by: dedi },
      { type: 'away', by: { ...ani, away: 'asleep' }, reason: 'asleep' },
    ])
    feed.attend({ ...cici, name: 'cica' })
    expect(got.slice(5)).toEqual([left(dedi), left({ ...ani, away: 'asleep' })])
  })
  it('hears presence of a batch whose entries a page had before the room showed it', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    feed.append(1, true)
    follower.resume()
    await pages(feed)
    feed.publish()
    await pages(feed)
    expect(got.map(({ type }) => type)).toEqual(['said', 'said', 'joined'])
  })
  it('goes on inside a batch where it said so', async () => {
    const feed = new ScriptedFeed()
    const got: RoomEvent[] = []
    const follower = new RoomSubscription(
      feed,
      0,
      (batch) => {
        got.push(...batch.events)
        if (batch.last === 3) follower.pause(1)
      },
      () => {},
    )
    follower.resume()
    feed.commit(3)
    expect(follower.cursor).toBe(1)
    follower.resume()
    await turn()
    feed.releasePage()
    await turn()
    expect(seqsOf(got).slice(0, 5)).toEqual([1, 2, 3, 2, 3])
  })
  it('hears of presence in a batch behind the place inside it where it paused', async () => {
    const feed = new ScriptedFeed()
    const got: RoomEvent[] = []
    const follower = new RoomSubscription(
      feed,
      0,
      (batch) => void got.push(...take(batch)),
      () => {},
    )
    const take = (batch: Batch) => {
      if (got.length > 0) return batch.events
      follower.pause(1)
      return batch.events.slice(0, 1)
    }
    follower.resume()
    feed.commit(2, true)
    follower.resume()
    await turn()
    feed.releasePage()
    await turn()
    expect(got.map(({ type }) => type)).toEqual(['said', 'said', 'joined'])
  })
  it('is told again of a member that it has dropped meanwhile, and who is there again', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.attend(ani, budi, cici)
    follower.resume()
    got.length = 0
    follower.pause()
    feed.attend(cici)
    feed.attend(cici, ani)
    for (const { id } of [ani, budi, dedi]) follower.drop(id)
    follower.resume()
    expect(got).toEqual([{ type: 'joined', by: ani }])
  })
  it('asks for one page at a time, also when it resumes twice', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    follower.resume()
    follower.resume()
    await turn()
    expect(feed.pagesWanted).toBe(1)
    await pages(feed)
    expect(seqsOf(got)).toEqual([1])
  })
  it('does not get a page that it asked for before it held', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    follower.resume()
    await turn()
    follower.pause(0)
    follower.resume()
    await turn()
    expect(feed.pagesWanted).toBe(2)
    await pages(feed)
    expect(seqsOf(got)).toEqual([1])
  })
  it('is told of what was trimmed, and of no more', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    for (let count = 0; count < 3; count++) feed.commit(2)
    feed.trim(3)
    follower.resume()
    await pages(feed)
    expect(got[0]).toEqual({ type: 'missed', from: 1, to: 2 })
    expect(seqsOf(got)).toEqual([3, 4, 5, 6])
  })
  it('is told of what was lost in the middle', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    feed.commit(1)
    feed.damage()
    feed.commit(1)
    follower.resume()
    await pages(feed)
    expect(got.map((event) => ('seq' in event ? event.seq : event))).toEqual([1, { type: 'missed', from: 2, to: 2 }, 3])
  })
  it('misses nothing that was committed while it learned that there is nothing', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    feed.damage()
    follower.resume()
    await turn()
    feed.commit(2)
    await pages(feed)
    expect(got[0]).toEqual({ type: 'missed', from: 1, to: 1 })
    expect(seqsOf(got)).toEqual([2, 3])
  })
  it('gets nothing twice when a page holds what the room has not shown yet', async () => {
    const feed = new ScriptedFeed()
    const { follower, got } = reader(feed)
    feed.commit(1)
    feed.append(1)
    follower.resume()
    await pages(feed)
    feed.publish()
    feed.commit(1)
    await pages(feed)
    expect(seqsOf(got)).toEqual([1, 2, 3])
  })
})

describe('the end', () => {
  it('a closed reader gets nothing, holds nothing and resumes nothing', async () => {
    const feed = new ScriptedFeed()
    const { follower, got, ended } = reader(feed)
    follower.resume()
    follower.close()
    follower.pause(0)
    follower.resume()
    feed.commit(1)
    await pages(feed)
    expect(got).toEqual([])
    expect([feed.observed, follower.following, ended.mock.calls]).toEqual([false, false, []])
  })
  it('a reader whose journal fails hears it once and is closed', async () => {
    const feed = new ScriptedFeed()
    const { follower, got, ended } = reader(feed)
    feed.commit(1)
    follower.resume()
    await turn()
    const error = new Error('I/O error')
    feed.failPage(error)
    await turn()
    expect(ended.mock.calls).toEqual([[error]])
    feed.commit(1)
    expect(got).toEqual([])
    expect(feed.observed).toBe(false)
  })
  it('a reader of a room that ends hears it, and is closed', () => {
    const feed = new ScriptedFeed()
    const { follower, ended } = reader(feed)
    follower.resume()
    feed.end()
    expect(ended).toHaveBeenCalledTimes(1)
    expect(follower.following).toBe(false)
  })
  it('closed within its own batch, it gets no further one', async () => {
    const feed = new ScriptedFeed()
    const take = vi.fn(() => follower.close())
    const follower = new RoomSubscription(feed, 0, take, () => {})
    feed.commit(1)
    feed.commit(1)
    follower.resume()
    await pages(feed)
    expect(take).toHaveBeenCalledTimes(1)
  })
})
