import { describe, expect, it } from 'vitest'
import { openHouse, watch } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const CROWD = 100

async function crowd() {
  const house = await openHouse()
  const first = await house.join('first')
  for (let count = 1; count < CROWD; count++) await house.join(`guest${count}`)
  return { ...house, first, seen: watch(first) }
}

const joins = (count: number, { engine }: Awaited<ReturnType<typeof crowd>>) =>
  Promise.all(Array.from({ length: count }, () => engine.join({ room: 'lobby', name: '127.0.0.1', guest: true })))

describe('comings and goings in a large room', () => {
  it('are gathered: nobody is let in at once, and all of a moment together', async () => {
    const house = await crowd()
    let entered = 0
    const entering = joins(50, house).then((sessions) => {
      entered = sessions.length
    })
    await turns(3)
    house.clock.advance(49)
    await turns(3)
    expect([entered, house.seen.events]).toEqual([0, []])
    house.clock.advance(1)
    await entering
    expect(entered).toBe(50)
    expect(house.seen.events).toHaveLength(50)
  })

  it('are gathered with new names, and all of them are one batch', async () => {
    const house = await crowd()
    let batches = 0
    house.first.follow(house.first.last, () => batches++).resume()
    const guests = joins(50, house)
    await turns(3)
    house.clock.advance(50)
    const named = (await guests).map((guest, index) => guest.send({ type: 'rename', name: `new${index}` }))
    const more = joins(50, house)
    await turns(3)
    house.clock.advance(49)
    await turns(3)
    expect([batches, house.seen.events.length]).toEqual([1, 50])
    house.clock.advance(1)
    await Promise.all([...named, more])
    expect([batches, house.seen.events.length]).toEqual([2, 150])
  })

  it('are told at once when somebody says something, and before it', async () => {
    const house = await crowd()
    const entering = joins(3, house)
    await turns(3)
    await house.first.send({ type: 'say', text: 'halo' })
    await entering
    expect(house.seen.events.map(({ type }) => type)).toEqual(['joined', 'joined', 'joined', 'said'])
  })

  it('do not wait when the host stops', async () => {
    const house = await crowd()
    const entering = joins(3, house)
    await turns(3)
    await house.engine.settled()
    await expect(entering).resolves.toHaveLength(3)
    await house.engine.stop()
  })
})
