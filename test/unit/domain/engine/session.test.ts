import type { Observable } from 'rxjs'
import { config, Subject } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { pieces, textOf } from '../../../harness/bytes.ts'
import { failure, openHouse, reopen, watch } from '../../../harness/house.ts'
import { seqsOf, textsOf } from '../../../harness/people.ts'
import { turns } from '../../../harness/turns.ts'

const say = (text: string) => ({ type: 'say', text }) as const
const whisper = (to: string, text: string) => ({ type: 'whisper', to, text }) as const

describe('P3 a stream of events', () => {
  it('begins with what happens after the joining', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    await ani.send(say('a'))
    const budi = await join('budi')
    const seen = watch(budi)
    await ani.send(say('b'))
    expect(textsOf(seen.events)).toEqual(['b'])
  })
  it('has what happened between the joining and the subscription', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    for (const text of ['a', 'b', 'c']) await ani.send(say(text))
    const seen = watch(ani)
    const acked = ani.send(say('d'))
    await acked
    await turns(4)
    expect(seqsOf(seen.events)).toEqual([1, 2, 3, 4])
  })
  for (const after of [0, 2, 3])
    it(`that was asked for after ${after} begins exactly there, and goes on live`, async () => {
      const { join, engine } = await openHouse({ limits: { pageEntries: 2 } })
      const ani = await join('ani')
      for (const text of ['a', 'b', 'c']) await ani.send(say(text))
      const budi = await engine.join({ room: 'lobby', name: 'budi', after })
      const seen = watch(budi)
      await ani.send(say('d'))
      await turns(4)
      expect(seqsOf(seen.events)).toEqual([1, 2, 3, 4].slice(after))
    })
  it('is the same for a second subscriber, from its beginning', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const first = watch(ani)
    await ani.send(say('a'))
    const second = watch(ani)
    await ani.send(say('b'))
    await turns(4)
    expect(seqsOf(first.events)).toEqual([1, 2])
    expect(seqsOf(second.events)).toEqual([1, 2])
  })
  it('completes when its session is closed, and nobody watches the room for it any more', async () => {
    const { join, engine } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(ani)
    await ani.close()
    await budi.send(say('too late for ani'))
    expect(textsOf(seen.events)).toEqual([])
    expect(seen.completed).toBe(true)
    await engine.stop()
  })
  it('of a session that is closed already is over', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    await ani.close()
    const seen = watch(ani)
    await budi.send(say('a'))
    expect(seen).toEqual({ events: [], completed: true })
  })
  it('ends for who unsubscribes', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const events: unknown[] = []
    ani.events$.subscribe((event) => events.push(event)).unsubscribe()
    await ani.send(say('a'))
    expect(events).toEqual([])
  })
})

describe('whispers', () => {
  it('are seen by both who share them, in the stream, in history and never in a search', async () => {
    const { join } = await openHouse()
    const [ani, budi, cici] = [await join('ani'), await join('budi'), await join('cici')]
    const seen = [watch(ani), watch(budi), watch(cici)]
    await ani.send(whisper('budi', 'psst'))
    await ani.send(say('halo'))
    expect(seen.map(({ events }) => textsOf(events))).toEqual([['psst', 'halo'], ['psst', 'halo'], ['halo']])
    const histories = await Promise.all([ani, budi, cici].map((session) => session.history(10)))
    expect(histories.map(textsOf)).toEqual([['psst', 'halo'], ['psst', 'halo'], ['halo']])
    expect(await budi.search('psst', 10)).toEqual([])
  })
  it('are read back from the journal by both and nobody else', async () => {
    const { join, engine } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    await ani.send(whisper('budi', 'psst'))
    const cici = await engine.join({ room: 'lobby', name: 'cici', after: 0 })
    const seen = [watch(budi), watch(cici)]
    await turns(4)
    expect(seen.map(({ events }) => textsOf(events))).toEqual([['psst'], []])
  })
})

describe('history', () => {
  it('is the newest entries, oldest first, over as many pages as it takes', async () => {
    const { join } = await openHouse({ limits: { pageEntries: 2 } })
    const ani = await join('ani')
    for (let at = 1; at <= 9; at++) await ani.send(say(`${at}`))
    expect(textsOf(await ani.history(5))).toEqual(['5', '6', '7', '8', '9'])
    expect(textsOf(await ani.history(100))).toHaveLength(9)
  })
  it('of a new room is empty', async () => expect(await (await (await openHouse()).join('ani')).history(5)).toEqual([]))
})

describe('posting', () => {
  it('takes a chunk at once and tells only what was refused', async () => {
    const { join, engine } = await openHouse()
    const ani = await join('ani')
    const [seen, codes] = [watch(ani), [] as string[]]
    ani.refusals$.subscribe(({ code }) => codes.push(code))
    expect(ani.post([say('a'), say(''), say('b')])).toBe('accepted')
    await engine.settled()
    expect(textsOf(seen.events)).toEqual(['a', 'b'])
    expect(codes).toEqual(['BAD_TEXT'])
  })
  it('is full where too much waits, takes none of it, and is ready again after the commit', async () => {
    const { join, journal, engine } = await openHouse({ limits: { mailboxCommands: 2 } })
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    journal.hold()
    ani.post([say('a')])
    await turns(2)
    ani.post([say('b'), say('c')])
    expect(ani.post([say('d')])).toBe('full')
    expect(await budi.send(say('e'))).toMatchObject({ code: 'BUSY' })
    let ready = false
    const waited = ani.ready().then(() => {
      ready = true
    })
    await turns(2)
    expect(ready).toBe(false)
    journal.release()
    await waited
    expect(ani.post([say('d')])).toBe('accepted')
    await engine.settled()
    expect(textsOf(seen.events)).toEqual(['a', 'b', 'c', 'd'])
  })
  it('after the session is closed says nothing', async () => {
    const { join, engine } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    await ani.close()
    ani.post([say('boo')])
    await engine.settled()
    expect(textsOf(seen.events)).toEqual([])
  })
})

describe('closing', () => {
  it('is told with its reason, once', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    await Promise.all([ani.close('gone fishing'), ani.close('again')])
    expect(seen.events).toEqual([{ type: 'left', by: ani.member, reason: 'gone fishing' }])
    expect(ani.member.name).toBe('ani')
  })
  it('is told to who watches how things stand, and ends the watching', async () => {
    const ani = await (await openHouse()).join('ani')
    const states: string[] = []
    ani.state$.subscribe({ next: ({ status }) => states.push(status), complete: () => states.push('complete') })
    await ani.close()
    expect(states).toEqual(['connected', 'closed', 'complete'])
  })

  it('refuses all that is asked afterwards', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    await ani.close()
    expect(await ani.send(say('a'))).toMatchObject({ code: 'NOT_A_MEMBER' })
    expect(await ani.upload(pieces('a'), { name: 'a' }).done).toMatchObject({ code: 'NOT_A_MEMBER' })
    expect(await failure(textOf(ani.download('f')))).toMatchObject({ code: 'NOT_A_MEMBER' })
  })
})

describe('a subscriber that throws', () => {
  const before = config.onUnhandledError
  afterEach(() => {
    config.onUnhandledError = before
  })
  it('is reported, and hurts neither the others, nor the one who speaks, nor itself later', async () => {
    const reported: unknown[] = []
    config.onUnhandledError = (error) => reported.push(error)
    const { join, broken } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const bug = new Error('a bug')
    const seen: unknown[] = []
    budi.events$.subscribe((event) => {
      seen.push(event)
      throw bug
    })
    const other = watch(ani)
    expect(await ani.send(say('a'))).toMatchObject({ type: 'ack' })
    expect(await ani.send(say('b'))).toMatchObject({ type: 'ack' })
    expect(textsOf(other.events)).toEqual(['a', 'b'])
    expect(seen).toHaveLength(2)
    expect(broken).toEqual([])
    await new Promise((resolve) => setTimeout(resolve))
    expect(reported).toEqual([bug, bug])
  })
})

describe('RxJS stays inside', () => {
  it('nobody can push into what is handed out', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    for (const stream of [ani.events$, ani.refusals$] as Observable<unknown>[])
      expect(stream).not.toBeInstanceOf(Subject)
  })
  it('after the host has stopped nobody watches anything', async () => {
    const house = await openHouse()
    const [ani, budi] = [await house.join('ani'), await house.join('budi', 'kitchen')]
    const completed: string[] = []
    for (const session of [ani, budi]) {
      session.events$.subscribe({ complete: () => completed.push('events') })
      session.refusals$.subscribe({ complete: () => completed.push('refusals') })
    }
    const follower = ani.follow(0, () => {})
    follower.resume()
    await house.engine.stop()
    expect(completed.toSorted()).toEqual(['events', 'events', 'refusals', 'refusals'])
    expect(follower.closed).toBe(true)
    const next = await reopen(house)
    const cici = await next.join('cici')
    await cici.send(say('a'))
    expect(follower.cursor).toBe(0)
  })
})
