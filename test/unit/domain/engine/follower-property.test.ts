import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RoomSubscription } from '#domain/engine/subscription.ts'
import type { Batch } from '#domain/room/batch.ts'
import { pages, ScriptedFeed } from './scripted-feed.ts'

/** What the reader does with each batch it takes. */
type TerminalOptions = 'read' | 'hold behind' | 'hold inside' | 'hold and resume' | 'hold inside and resume'

type Step =
  | { readonly do: 'commit' | 'append'; readonly entries: number; readonly presence: boolean }
  | { readonly do: 'trim'; readonly upTo: number }
  | { readonly do: 'manner'; readonly manner: TerminalOptions }
  | { readonly do: 'publish' | 'damage' | 'page' | 'hold' | 'resume' | 'turn' }

const entries = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), entries, presence: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), entries, presence: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), upTo: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('manner' as const),
      manner: fc.constantFrom<TerminalOptions>(
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
      do: fc.constantFrom('publish', 'page', 'page', 'hold', 'resume', 'resume', 'turn', 'turn', 'damage'),
    }),
  },
)

/** A reader that checks by itself that it gets everything in order, once, or is told that it is gone. */
class CheckingReader {
  at = 0
  presence = 0
  readonly faults: string[] = []
  #held = true
  manner: TerminalOptions = 'read'
  readonly #feed: ScriptedFeed
  readonly follower: RoomSubscription

  constructor(feed: ScriptedFeed) {
    this.#feed = feed
    this.follower = new RoomSubscription(
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
    this.follower.pause(this.at)
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
      feed.publish()
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
