import { describe, expect, it } from 'vitest'
import { skeletonOf } from '#domain/room/moderation.ts'
import { failure, openHouse, watch } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const say = (text: string) => ({ type: 'say', text }) as const

describe('names', () => {
  it('C63 are taken on the whole host by look, not in one room by spelling', async () => {
    const { join } = await openHouse()
    await join('alice', 'a')
    for (const name of ['Alice', 'ALICE', 'al1ce'])
      expect(await failure(join(name, 'b')), name).toMatchObject({ code: 'NAME_TAKEN' })
  })
  it('C65 of two who ask for one in the same tick, one gets it', async () => {
    const { join } = await openHouse()
    const ended = await Promise.allSettled([join('ani', 'a'), join('ani', 'b')])
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })
  it('C65 are free again exactly when the session is closed', async () => {
    const { join, journal } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    journal.hold()
    void budi.send(say('a'))
    await turns(3)
    const closed = ani.close()
    await turns(3)
    expect(await failure(join('ani', 'b'))).toMatchObject({ code: 'NAME_TAKEN' })
    journal.release()
    await closed
    await join('ani')
  })
  it('of guests are addresses, which several may share, and which take no nick', async () => {
    const { engine, join } = await openHouse()
    const guest = () => engine.join({ room: 'lobby', name: '10.0.0.9', guest: true })
    const [one, other] = [await guest(), await guest()]
    expect([one.member.name, other.member.name]).toEqual(['10.0.0.9', '10.0.0.9'])
    expect(one.member.id).not.toBe(other.member.id)
    const ani = await join('ani')
    expect(await ani.send({ type: 'whisper', to: '10.0.0.9', text: 'psst' })).toMatchObject({ code: 'NO_SUCH_MEMBER' })
  })
  it('are told as they are taken and as they are free again, also of those in no room', async () => {
    const { engine, join } = await openHouse()
    const told: string[] = []
    engine.nicks$.subscribe(({ skeleton, isTaken }) => told.push(`${isTaken ? '+' : '-'}${skeleton}`))
    const ani = await join('ani')
    expect(engine.isNickTaken(skeletonOf('ANI'))).toBe(true)
    await ani.send({ type: 'rename', name: 'anita' })
    await engine.keepNick('budi', 'connection 1')
    await engine.keepNick('budiman', 'connection 1')
    engine.dropNick('connection 1')
    await ani.close()
    const all = ['+ani', '+anita', '-ani', '+budi', '+budiman', '-budi', '-budiman', '-anita']
    expect(told).toEqual(all.map((each) => `${each.slice(0, 1)}${skeletonOf(each.slice(1))}`))
    expect(engine.isNickTaken(skeletonOf('ani'))).toBe(false)
  })
  it('of an owner stay theirs from room to room, until they are forgotten', async () => {
    const { engine, join } = await openHouse()
    const first = await engine.join({ room: 'a', name: 'ani', owner: 'connection 1' })
    const second = await engine.join({ room: 'b', name: 'ani', owner: 'connection 1' })
    await first.close()
    await second.close()
    expect(await failure(join('ani'))).toMatchObject({ code: 'NAME_TAKEN' })
    engine.forget('connection 1')
    await join('ani')
  })
})

describe('renaming', () => {
  it('is told, takes the new name and frees the old one', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    expect(await ani.send({ type: 'rename', name: 'anita' })).toMatchObject({ type: 'ack' })
    expect(ani.member.name).toBe('anita')
    expect(seen.events).toEqual([{ type: 'renamed', by: ani.member, from: 'ani' }])
    expect(await budi.send({ type: 'rename', name: 'anita' })).toMatchObject({ code: 'NAME_TAKEN' })
    expect(await budi.send({ type: 'rename', name: 'ani' })).toMatchObject({ type: 'ack' })
  })
  it('C65 may change the spelling of the own name', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    await ani.send({ type: 'rename', name: 'Ani' })
    expect(ani.member.name).toBe('Ani')
    expect(await failure(join('ani'))).toMatchObject({ code: 'NAME_TAKEN' })
    await ani.close()
    await join('ani')
  })
  it('that is refused leaves both names as they were', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    expect(await ani.send({ type: 'rename', name: 'budi' })).toMatchObject({ code: 'NAME_TAKEN' })
    expect(await ani.send({ type: 'rename', name: 'a b' })).toMatchObject({ code: 'BAD_NAME' })
    expect(ani.member.name).toBe('ani')
    expect(await budi.send({ type: 'rename', name: 'ani' })).toMatchObject({ code: 'NAME_TAKEN' })
  })
  it('for which there is no place just now frees the name that was asked for', async () => {
    const { join, journal, engine } = await openHouse({ limits: { mailboxCommands: 1 } })
    const [ani, budi] = [await join('ani'), await join('budi')]
    journal.hold()
    void ani.send(say('a'))
    await turns(2)
    ani.post([say('b')])
    expect(await budi.send({ type: 'rename', name: 'cici' })).toMatchObject({ code: 'BUSY' })
    journal.release()
    await engine.settled()
    await join('cici')
    expect(await failure(join('budi'))).toMatchObject({ code: 'NAME_TAKEN' })
  })
  it('C65 twice in one tick ends with the last name taken and the others free', async () => {
    const { join, journal } = await openHouse()
    const ani = await join('ani')
    journal.hold()
    void ani.send(say('so that the next two are decided in one commit'))
    await turns(2)
    const renames = [
      ani.send({ type: 'rename', name: 'bela' }),
      ani.send(say('between')),
      ani.send({ type: 'rename', name: 'cici' }),
    ]
    journal.release()
    await Promise.all(renames)
    expect(ani.member.name).toBe('cici')
    expect(await failure(join('cici'))).toMatchObject({ code: 'NAME_TAKEN' })
    await join('bela')
    await join('ani')
  })
  it('C65 twice, in two commits, ends so too', async () => {
    const { join } = await openHouse({ limits: { commitCommands: 1 } })
    const ani = await join('ani')
    await Promise.all([ani.send({ type: 'rename', name: 'bela' }), ani.send({ type: 'rename', name: 'cici' })])
    expect(ani.member.name).toBe('cici')
    expect(await failure(join('cici'))).toMatchObject({ code: 'NAME_TAKEN' })
    await join('bela')
  })
})
