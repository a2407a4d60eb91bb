import { describe, expect, it } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Erasure } from '#domain/room/erasure.ts'
import type { PastEvent } from '#domain/room/events.ts'
import { pieces } from '../../../harness/bytes.ts'
import { openHouse, reopen, watch } from '../../../harness/house.ts'
import { ScriptedJournal } from '../../../harness/scripted-journal.ts'
import { turns } from '../../../harness/turns.ts'

/** A journal whose erasing the test lets go on, or fail for lack of space. */
class SlowJournal extends ScriptedJournal {
  readonly asked: number[][] = []
  readonly #waiting: ((answer: 'go on' | 'readOnly') => void)[] = []
  isSlow = true

  override async erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'> {
    this.asked.push(erasures.map(({ seq }) => seq))
    const answer = this.isSlow ? await new Promise<string>((resolve) => this.#waiting.push(resolve)) : 'go on'
    return answer === 'readOnly' ? 'readOnly' : super.erase(room, erasures)
  }

  async answer(answer: 'go on' | 'readOnly'): Promise<void> {
    this.#waiting.shift()?.(answer)
    await turns(4)
  }
}

const SECRET = 'the secret'
const textOf = (events: readonly object[]): string => JSON.stringify(events)
const kept = async (journal: ScriptedJournal): Promise<string> =>
  textOf((await journal.read('lobby', 0, 100)).flatMap(({ entries }) => entries))

async function talked() {
  const journal = new SlowJournal()
  const house = await openHouse({ journal, limits: { pageEntries: 4 } })
  const ani = await house.join('ani')
  for (const text of ['one', SECRET, 'three', SECRET, 'five']) await ani.send({ type: 'say', text })
  return { ...house, journal, ani }
}
const typesOf = (events: readonly PastEvent[]): string[] => events.map(({ type }) => type)

describe('a message that was removed', () => {
  it('is given to nobody from the commit on, before the journal has erased it and after', async () => {
    const { ani, engine, journal } = await talked()
    expect(await ani.send({ type: 'removeMessage', seq: 2 })).toMatchObject({ type: 'ack', seq: 6 })
    for (const isErased of [false, true]) {
      if (isErased) await journal.answer('go on')
      const history = await ani.read(0, 100)
      expect(history[1]).toEqual({ type: 'erased', seq: 2, at: expect.any(Number), by: ani.member })
      expect(typesOf(history)).toEqual(['said', 'erased', 'said', 'said', 'said', 'messageRemoved'])
      expect((await ani.search('secret', 10)).map((event) => 'seq' in event && event.seq)).toEqual([4])
      const budi = await engine.join({ room: 'lobby', name: isErased ? 'budi' : 'citra', after: 0 })
      const seen = watch(budi)
      await turns(20)
      expect(seen.events.slice(0, 3).map(({ type }) => type)).toEqual(['said', 'erased', 'said'])
      expect(await ani.send({ type: 'removeMessage', seq: 2 })).toMatchObject({ code: 'NO_SUCH_MESSAGE' })
    }
    expect((await kept(journal)).split(SECRET)).toHaveLength(2)
    expect(journal.asked).toEqual([[6]])
  })

  it.each(['removed', 'kept'])('is not given to a reader whose page was read before (%s)', async (what) => {
    const { ani, engine, journal } = await talked()
    const budi = await engine.join({ room: 'lobby', name: 'budi', after: 0 })
    journal.isSlow = false
    journal.hold()
    const asked = ani.send(what === 'removed' ? { type: 'removeMessage', seq: 2 } : { type: 'say', text: 'six' })
    await turns(4)
    expect(journal.waiting).toBe(1)
    journal.holdReads()
    const seen = watch(budi)
    const page = budi.read(0, 3)
    await turns(4)
    expect(journal.waitingReads).toBe(2)
    journal.release()
    expect(await asked).toMatchObject({ type: 'ack', seq: 6 })
    await turns(4)
    journal.releaseReads()
    const read = await page
    await turns(20)
    for (const events of [read, seen.events]) expect(events[1]?.type).toBe(what === 'removed' ? 'erased' : 'said')
    expect(seen.events).toHaveLength(6)
  })

  it('stays erased for readers while the disk is full, and is erased once it is not', async () => {
    const { ani, journal, clock } = await talked()
    await ani.send({ type: 'removeMessage', seq: 2 })
    await journal.answer('readOnly')
    await ani.send({ type: 'removeMessage', seq: 4 })
    expect(textOf(await ani.read(0, 100))).not.toContain(SECRET)
    expect(await kept(journal)).toContain(SECRET)
    expect(journal.asked).toEqual([[6]])
    journal.isSlow = false
    clock.advance(60_000)
    await turns(8)
    expect(journal.asked).toEqual([[6], [6, 7]])
    expect(await kept(journal)).not.toContain(SECRET)
  })

  it('is erased by the next life of the host where this one went down before', async () => {
    const house = await talked()
    await house.ani.send({ type: 'removeMessage', seq: 2 })
    house.journal.isSlow = false
    const { join, journal } = await reopen(house)
    expect(house.journal.asked).toEqual([[6], [6]])
    expect((await journal.read('lobby', 0, 100)).flatMap(({ entries }) => entries)[1]).toMatchObject({ type: 'erased' })
    expect(textOf(await (await join('budi')).read(0, 3))).not.toContain(SECRET)
  })
})

describe('C80 a room that was cleared when its host went down', () => {
  it('has no file of before once it is back, whole or on its way, and is told who removed them', async () => {
    const house = await openHouse()
    const boss = await house.engine.join({ room: 'lobby', name: 'boss', role: 'owner' })
    const sent = await boss.upload(pieces('bytes'), { name: 'a.txt', size: 5 }).done
    if ('type' in sent) throw new Error(sent.code)
    const open = await boss.createTransfer({ name: 'b.txt', size: 5 })
    if (!('write' in open)) throw new Error('it is not on its way')
    await house.engine.stop()
    const by = { id: boss.member.id, name: 'boss' }
    const { last = 0 } = (await house.journal.span('lobby')) ?? {}
    await house.journal.open()
    await house.journal.append([new Batch('lobby', [{ type: 'cleared', seq: last + 1, at: 1, by, upTo: last }])])
    const next = await reopen(house)
    await turns(8)
    const ani = await next.join('ani')
    expect(ani.files).toEqual([])
    for (const id of [sent.id, open.id]) {
      expect(await next.fileStore.size(id)).toBeUndefined()
      expect(await next.fileStore.durable(id)).toBeUndefined()
    }
    const told = (await ani.read(last + 1, 10)).filter((event) => event.type === 'fileWithdrawn')
    expect(told).toMatchObject([
      { file: { name: 'a.txt' }, removedBy: by, reason: 'removed by boss' },
      { file: { name: 'b.txt' }, removedBy: by, reason: 'removed by boss' },
    ])
    // What comes since stays.
    const again = await ani.upload(pieces('bytes'), { name: 'c.txt', size: 5 }).done
    expect(again).toMatchObject({ name: 'c.txt' })
    await next.engine.stop()
    const third = await reopen(next)
    expect((await third.join('ani')).files.map(({ file }) => file.name)).toEqual(['c.txt'])
  })
})
