import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Follower } from '../../../src/domain/engine/follower.ts'
import type { Batch } from '../../../src/domain/room/batch.ts'
import type { RoomEvent } from '../../../src/domain/room/events.ts'
import { seqsOf } from '../../helpers/people.ts'
import { turn } from '../../helpers/turns.ts'
import { ScriptedFeed } from './scripted-feed.ts'

function reader(feed: ScriptedFeed, after = feed.last()) {
  const got: RoomEvent[] = []
  const ended = vi.fn()
  const take = vi.fn((batch: Batch) => void got.push(...batch.events))
  const follower = new Follower(feed, after, take, ended)
  return { follower, got, take, ended }
}

async function pages(feed: ScriptedFeed): Promise<void> {
  await turn()
  while (feed.pagesWanted > 0) {
    feed.releasePage()
    await turn()
  }
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
  it('goes on inside a batch where it said so', async () => {
    const feed = new ScriptedFeed()
    const got: RoomEvent[] = []
    const follower = new Follower(
      feed,
      0,
      (batch) => {
        got.push(...batch.events)
        if (batch.last === 3) follower.hold(1)
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
    follower.hold(0)
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
    feed.show()
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
    follower.hold(0)
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
    const follower = new Follower(feed, 0, take, () => {})
    feed.commit(1)
    feed.commit(1)
    follower.resume()
    await pages(feed)
    expect(take).toHaveBeenCalledTimes(1)
  })
})

/** What the reader does with each batch it takes. */
type Manner = 'read' | 'hold behind' | 'hold inside' | 'hold and resume' | 'hold inside and resume'

type Step =
  | { readonly do: 'commit' | 'append'; readonly entries: number; readonly presence: boolean }
  | { readonly do: 'trim'; readonly upTo: number }
  | { readonly do: 'manner'; readonly manner: Manner }
  | { readonly do: 'show' | 'damage' | 'page' | 'hold' | 'resume' | 'turn' }

const entries = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), entries, presence: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), entries, presence: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), upTo: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('manner' as const),
      manner: fc.constantFrom<Manner>(
        'read',
        'hold behind',
        'hold inside',
        'hold and resume',
        'hold inside and resume',
      ),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('show', 'page', 'page', 'hold', 'resume', 'resume', 'turn', 'turn', 'damage'),
    }),
  },
)

/** A reader that checks by itself that it gets everything in order, once, or is told that it is gone. */
class CheckingReader {
  at = 0
  presence = 0
  readonly faults: string[] = []
  #held = true
  manner: Manner = 'read'
  readonly #feed: ScriptedFeed
  readonly follower: Follower

  constructor(feed: ScriptedFeed) {
    this.#feed = feed
    this.follower = new Follower(
      feed,
      0,
      (batch) => this.#take(batch),
      (error) => this.faults.push(`ended: ${error}`),
    )
  }

  #take(batch: Batch): void {
    this.#must(!this.#held, `${batch.last} while it held`)
    const stop = this.manner.startsWith('hold inside') && batch.entries.length > 1 ? batch.entries[0]?.seq : undefined
    for (const event of batch.events) {
      if (stop === this.at) break
      if (event.type === 'missed') {
        this.#must(event.from === this.at + 1, `missed from ${event.from} after ${this.at}`)
        for (let seq = event.from; seq <= event.to; seq++) this.#must(this.#feed.gone.has(seq), `${seq} was there`)
        this.at = event.to
      } else if ('seq' in event) {
        this.#must(event.seq === this.at + 1, `${event.seq} after ${this.at}`)
        this.at = event.seq
      } else this.presence++
    }
    if (this.manner !== 'read') this.hold()
    if (this.manner.endsWith('resume')) this.resume()
  }

  hold(): void {
    this.#held = true
    this.follower.hold(this.at)
  }

  resume(): void {
    this.#held = false
    this.follower.resume()
  }

  /** Throwing here would only end the follower. */
  #must(holds: boolean, otherwise: string): void {
    if (!holds) this.faults.push(otherwise)
  }
}

it('whatever happens in whatever order, each entry comes once and in order, or is told to be gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, pageEntries) => {
      const feed = new ScriptedFeed(pageEntries)
      const it = new CheckingReader(feed)
      for (const each of steps) {
        if (each.do === 'commit') feed.commit(each.entries, each.presence)
        else if (each.do === 'append') feed.append(each.entries, each.presence)
        else if (each.do === 'trim') feed.trim(each.upTo)
        else if (each.do === 'manner') it.manner = each.manner
        else if (each.do === 'page') feed.releasePage()
        else if (each.do === 'hold') it.hold()
        else if (each.do === 'turn') await Promise.resolve().then(() => Promise.resolve())
        else if (each.do === 'resume') it.resume()
        else feed[each.do]()
        expect(it.faults, `after ${each.do}`).toEqual([])
        expect(it.follower.cursor, `its place after ${each.do}`).toBe(it.at)
      }
      it.manner = 'read'
      it.resume()
      await pages(feed)
      feed.show()
      await pages(feed)
      expect(it.faults).toEqual([])
      expect(it.at, 'all was told').toBe(feed.last())
      expect(it.follower.following).toBe(true)
      const before = it.presence
      feed.commit(1, true)
      expect([it.at, it.presence]).toEqual([feed.last(), before + 1])
    }),
    { numRuns: 1500 },
  )
})
