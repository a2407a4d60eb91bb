import { describe, expect, it } from 'vitest'
import { openHouse, watch } from '../../../harness/house.ts'

describe('somebody who comes without a word', () => {
  it('may speak, is not listed, and nobody hears of the coming and going', async () => {
    const { join, engine } = await openHouse()
    const ani = await join('ani')
    const seen = watch(ani)
    const quiet = await engine.join({ room: 'lobby', name: '127.0.0.1', guest: true, hidden: true })
    expect(await quiet.send({ type: 'say', text: 'halo' })).toMatchObject({ type: 'ack' })
    await quiet.close()
    expect(ani.members).toMatchObject([{ name: 'ani' }])
    expect(seen.events).toMatchObject([{ type: 'said', by: { name: '127.0.0.1' }, text: 'halo' }])
  })
  it('may not speak any more afterwards, and never takes another name', async () => {
    const { engine } = await openHouse()
    const quiet = await engine.join({ room: 'lobby', name: 'ani', hidden: true })
    expect(await quiet.send({ type: 'rename', name: 'budi' })).toMatchObject({ code: 'NOT_A_MEMBER' })
    await quiet.close()
    expect(await quiet.send({ type: 'say', text: 'halo' })).toMatchObject({ code: 'NOT_A_MEMBER' })
  })
  it('has its name for itself meanwhile', async () => {
    const { engine, join } = await openHouse()
    const quiet = await engine.join({ room: 'lobby', name: 'ani', hidden: true })
    await expect(join('ani')).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await quiet.close()
    await join('ani')
  })
})

describe('C118 the id of a message', () => {
  it('with the same text again is the same message', async () => {
    const ani = await (await openHouse()).join('ani')
    expect(await ani.send({ type: 'say', text: 'halo', id: 'x' })).toMatchObject({ seq: 1, duplicate: false })
    expect(await ani.send({ type: 'say', text: 'halo\r\n', id: 'x' })).toMatchObject({ seq: 1, duplicate: true })
  })
  it('with another text is refused', async () => {
    const ani = await (await openHouse()).join('ani')
    await ani.send({ type: 'say', text: 'halo', id: 'x' })
    expect(await ani.send({ type: 'say', text: 'tolong', id: 'x' })).toMatchObject({ code: 'ID_REUSED' })
  })
})

describe('the rooms of a host', () => {
  it('are those in use and those with a history', async () => {
    const { join, engine } = await openHouse()
    const ani = await join('ani', 'lab')
    await ani.send({ type: 'say', text: 'halo' })
    await ani.close()
    await join('budi', 'empty')
    expect(await engine.rooms()).toEqual([
      { name: 'empty', members: 1, last: 0 },
      { name: 'lab', members: 0, last: 1 },
    ])
  })
})
