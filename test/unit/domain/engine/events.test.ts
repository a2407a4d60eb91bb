import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type EngineEvent, engineEvents } from '#domain/engine/events.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import type { TransferEvent } from '#domain/transfer/transfer.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { ManualClock } from '#system/clock.ts'
import { type House, openHouse, reopen } from '../../../harness/house.ts'
import { offered } from '../../../harness/people.ts'
import { turns } from '../../../harness/turns.ts'

const bytes = (text: string) => Buffer.from(text)
const shortOf = (happening: EngineEvent): string =>
  happening.source === 'room'
    ? `${happening.room} ${happening.event.type}`
    : `${happening.room} ${happening.file.name} ${happening.event.type}`

function observe({ engine }: House) {
  const seen: EngineEvent[] = []
  let completed = 0
  engine.events$.subscribe({ next: (event) => seen.push(event), complete: () => completed++ })
  return { seen, short: () => seen.map(shortOf), completed: () => completed }
}

async function sending(house: House, meta: { name: string; size?: number }) {
  const by = await house.join('ani')
  const transfer = (await by.createTransfer(meta)) as TransferActor
  return { by, transfer, writing: (await transfer.write(0)) as Writing }
}

describe('the events of a host', () => {
  it('are those of its rooms and files, each with its room, also of rooms that open later', async () => {
    const house = await openHouse()
    const before = await house.join('budi')
    const { short } = observe(house)
    await before.send({ type: 'say', text: 'halo' })
    const later = await house.engine.join({ room: 'garage', name: 'citra' })
    await later.send({ type: 'setTopic', topic: 'cars' })
    expect(short()).toEqual(['lobby said', 'garage joined', 'garage topicSet'])
  })

  it('tell a file from its offer to its end, beside what the room hears', async () => {
    const house = await openHouse()
    const { short } = observe(house)
    const { transfer, writing } = await sending(house, { name: 'a.txt', size: 6 })
    await writing.append(bytes('hal'))
    await writing.pause()
    const again = (await transfer.write(3)) as Writing
    house.clock.advance(2000)
    await again.append(bytes('o!\n'))
    await again.finish()
    expect(short().filter((text) => !text.includes('joined'))).toEqual([
      'lobby fileOffered',
      'lobby a.txt offered',
      'lobby a.txt resumed',
      'lobby a.txt progressed',
      'lobby a.txt paused',
      'lobby a.txt resumed',
      'lobby a.txt progressed',
      'lobby fileCompleted',
      'lobby a.txt completed',
    ])
  })

  it('tell of a file that was withdrawn, and of one that is taken up after a restart', async () => {
    const house = await openHouse()
    const { transfer, writing } = await sending(house, { name: 'a.txt', size: 6 })
    await writing.append(bytes('hal'))
    await writing.pause()
    await house.engine.stop()
    const next = await reopen(house)
    const { seen } = observe(next)
    await (await next.engine.transfer(transfer.id))?.withdraw('not wanted')
    expect(seen.filter(({ source }) => source === 'transfer')).toMatchObject([
      { room: 'lobby', file: { id: transfer.id }, event: { type: 'withdrawn', reason: 'not wanted' } },
    ])
  })

  it('have whispers and files for some, and no field that is for the host’s own hands', async () => {
    const house = await openHouse()
    const { seen } = observe(house)
    const ani = await house.join('ani')
    await house.join('budi')
    await ani.send({ type: 'whisper', to: 'budi', text: 'psst' })
    expect(seen.at(-1)).toMatchObject({ source: 'room', event: { type: 'whispered', text: 'psst' } })
  })

  it('complete once the host has stopped, with the last leaving before, and nothing is observed after', async () => {
    const house = await openHouse()
    const { short, completed } = observe(house)
    const { transfer, writing } = await sending(house, { name: 'a.txt' })
    await writing.append(bytes('hal'))
    await house.engine.stop('good night')
    expect(short().slice(-2)).toEqual(['lobby a.txt paused', 'lobby left'])
    expect(completed()).toBe(1)
    let late = 0
    transfer.events$.subscribe({ complete: () => late++ })
    house.engine.events$.subscribe({ next: () => late++ })
    await turns(3)
    expect(late).toBe(1)
    expect(house.clock.waiting).toBe(0)
  })
})

describe('the streams beneath', () => {
  function scene() {
    const clock = new ManualClock()
    const closed$ = new Subject<void>()
    const events$ = new Subject<TransferEvent>()
    const opened$ = new Subject<TransferActor>()
    const transfer = { id: 'f', room: 'lobby', file: offered, events$ } as unknown as TransferActor
    const told: string[] = []
    const subscription = engineEvents(
      { open: [], opened$: new Subject() },
      { open: [transfer], opened$ },
      clock,
      closed$,
    ).subscribe(({ event }) => told.push(event.type === 'progressed' ? `progressed ${event.bytes}` : event.type))
    return { clock, closed$, events$, opened$, told, subscription }
  }
  const progressed = (count: number) => ({ type: 'progressed', bytes: count, durable: 0 }) as const

  it('thin progress to one each second of the clock, and nothing else', () => {
    const { clock, events$, told } = scene()
    events$.next(progressed(1))
    events$.next(progressed(2))
    events$.next({ type: 'paused', durable: 2 })
    clock.advance(999)
    events$.next(progressed(3))
    clock.advance(1)
    events$.next(progressed(4))
    expect(told).toEqual(['progressed 1', 'paused', 'progressed 4'])
  })

  it('are left without an observer and without a timer when the host closes, or nobody wants them any more', () => {
    for (const end of ['close', 'unsubscribe'] as const) {
      const { clock, closed$, events$, opened$, subscription } = scene()
      events$.next(progressed(1))
      expect([events$.observed, opened$.observed, clock.waiting]).toEqual([true, true, 1])
      if (end === 'close') closed$.next()
      else subscription.unsubscribe()
      expect([events$.observed, opened$.observed, closed$.observed, clock.waiting]).toEqual([false, false, false, 0])
    }
  })
})
