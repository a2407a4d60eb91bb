import { describe, expect, it } from 'vitest'
import type { JoinRequest } from '#domain/engine/rooms.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import { isEntry } from '#domain/room/events.ts'
import { pieces } from '../../../harness/bytes.ts'
import { failure, type House, openHouse, reopen, watch } from '../../../harness/house.ts'

const HASH = 'digest of a key'

async function room() {
  const house = await openHouse()
  const host = await house.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const enter = (request: Partial<JoinRequest>) => house.engine.join({ room: 'lobby', name: 'budi', ...request })
  return { house, host, enter }
}

const said = { type: 'say', text: 'halo' } as const

const done = async (session: LocalSession, ...commands: readonly ClientCommand[]) => {
  for (const command of commands) expect(await session.send(command)).toMatchObject({ type: 'ack' })
}

const refused = (session: LocalSession, command: ClientCommand, code: string) =>
  expect(session.send(command)).resolves.toMatchObject({ type: 'rejected', code })

const shutOut = async (house: House, request: Partial<JoinRequest>, code: string) =>
  expect(await failure(house.engine.join({ room: 'lobby', name: 'x', ...request }))).toMatchObject({ code })

describe('somebody who is kicked', () => {
  it('is out, with the reason, before their next word; and may come back', async () => {
    const { host, enter } = await room()
    const budi = await enter({})
    const seen = watch(budi)
    const states: string[] = []
    budi.state$.subscribe((state) => states.push(state.status === 'closed' ? state.why : state.status))
    const kicked = host.send({ type: 'kick', name: 'budi', reason: 'flooding' })
    budi.post([{ type: 'say', text: 'still here' }])
    expect(await kicked).toMatchObject({ type: 'ack' })
    await budi.close()
    expect(budi.kicked).toMatchObject({ code: 'NOT_A_MEMBER', message: 'kicked by host: flooding' })
    expect(states).toEqual(['connected', 'kicked by host: flooding'])
    expect(seen.completed).toBe(true)
    await refused(budi, { type: 'say', text: 'halo' }, 'NOT_A_MEMBER')
    expect(await budi.upload(pieces('DATA'), { name: 'a.txt' }).done).toMatchObject({ code: 'NOT_A_MEMBER' })
    expect((await host.history(10)).map(({ type }) => type)).toEqual([])
    expect(host.members.map(({ name }) => name)).toEqual(['host'])
    expect((await enter({})).member.name).toBe('budi')
  })
  it('leaves no name taken', async () => {
    const { host, enter } = await room()
    const budi = await enter({})
    await done(host, { type: 'kick', name: 'budi' })
    await budi.close()
    const cici = await enter({ name: 'BUDI' })
    expect(cici.member.name).toBe('BUDI')
  })
})

describe('somebody who is banned', () => {
  it('goes, and does not come in, nor does a look-alike (C63), nor quietly', async () => {
    const { house, host, enter } = await room()
    const budi = await enter({})
    const seen = watch(host)
    await done(host, { type: 'ban', name: 'budi', reason: 'spam' })
    await budi.close()
    expect(budi.kicked).toMatchObject({ code: 'BANNED', message: 'banned by host: spam' })
    expect(seen.events.map(({ type }) => type)).toEqual(['banned', 'left'])
    for (const name of ['budi', 'BUDI', 'bud1']) {
      await shutOut(house, { name }, 'BANNED')
      await shutOut(house, { name, hidden: true }, 'BANNED')
    }
    await done(host, { type: 'unban', name: 'Budi' })
    await enter({})
  })
  it('without a nick is known by the address, with one or none', async () => {
    const { house, host, enter } = await room()
    const guests = [await enter({ name: '10.0.0.9', guest: true }), await enter({ name: '10.0.0.9', guest: true })]
    await done(host, { type: 'ban', name: '10.0.0.9' })
    for (const guest of guests) {
      await guest.close()
      expect(guest.kicked).toMatchObject({ code: 'BANNED', message: 'banned by host' })
    }
    await shutOut(house, { name: '10.0.0.9', guest: true, hidden: true }, 'BANNED')
    await shutOut(house, { name: 'cici', address: '10.0.0.9' }, 'BANNED')
    await enter({ name: 'dodi', address: '10.0.0.8' })
  })
  it('leaves the room itself to others: what was refused holds nothing', async () => {
    const { house, host } = await room()
    await done(host, { type: 'ban', name: 'budi' })
    await shutOut(house, { name: 'budi' }, 'BANNED')
    await host.close()
    expect(await house.engine.rooms()).toEqual([{ name: 'lobby', members: 0, last: 1 }])
  })
})

describe('somebody who is muted', () => {
  it('reads, and sends nothing: no line, no name, no file', async () => {
    const { host, enter } = await room()
    const budi = await enter({})
    const seen = watch(budi)
    await done(host, { type: 'mute', name: 'budi' }, { type: 'say', text: 'hidden now' })
    await refused(budi, { type: 'say', text: 'halo' }, 'MUTED')
    await refused(budi, { type: 'rename', name: 'cici' }, 'MUTED')
    expect(await budi.upload(pieces('DATA'), { name: 'a.txt' }).done).toMatchObject({ code: 'MUTED' })
    expect(seen.events.map(({ type }) => type)).toEqual(['muted', 'said'])
    expect(host.files).toEqual([])
  })
  it('has no file in the room that was still coming', async () => {
    const { host, enter } = await room()
    const budi = await enter({})
    async function* slowly() {
      yield Buffer.from('DA')
      await host.send({ type: 'mute', name: 'budi' })
      yield Buffer.from('TA')
    }
    expect(await budi.upload(slowly(), { name: 'a.txt' }).done).toMatchObject({ code: 'MUTED' })
    expect(host.files).toEqual([])
  })
  it('is so for requests too, by name and by address', async () => {
    const { host, enter } = await room()
    await done(host, { type: 'mute', name: 'cici' }, { type: 'mute', name: '10.0.0.9' })
    const cici = await enter({ name: 'c1ci', hidden: true, owner: 'http' })
    const curl = await enter({ name: '10.0.0.9', guest: true, hidden: true })
    const other = await enter({ name: '10.0.0.8', guest: true, hidden: true })
    await refused(cici, { type: 'say', text: 'halo' }, 'MUTED')
    await refused(curl, { type: 'act', text: 'waves' }, 'MUTED')
    await done(other, { type: 'say', text: 'halo' })
  })
})

describe('a locked room', () => {
  it('takes nobody new; who was in it comes back, whatever the connection; requests of others only read', async () => {
    const { house, host, enter } = await room()
    const budi = await enter({ person: HASH })
    await done(host, { type: 'lock' })
    await shutOut(house, { name: 'cici' }, 'LOCKED')
    await budi.close('connection lost')
    await shutOut(house, { name: 'budi' }, 'LOCKED')
    await done(await enter({ person: HASH }), { type: 'say', text: 'halo again' })
    const curl = await enter({ name: '10.0.0.9', guest: true, hidden: true })
    expect((await curl.history(10)).map(({ type }) => type)).toEqual(['locked', 'said'])
    await refused(curl, { type: 'say', text: 'halo' }, 'LOCKED')
    expect(await curl.upload(pieces('DATA'), { name: 'a.txt' }).done).toMatchObject({ code: 'LOCKED' })
    await done(host, { type: 'unlock' })
    await done(curl, { type: 'say', text: 'halo' })
  })
})

describe('whom rules hold for', () => {
  it('is the person under any name, at any door: one that is here, and one that comes for a request', async () => {
    const { house, host, enter } = await room()
    const [budi, cici] = [await enter({ person: HASH }), await enter({ name: 'cici', person: 'another' })]
    await done(host, { type: 'ban', name: 'budi' }, { type: 'mute', name: 'cici' })
    await budi.close()
    for (const hidden of [false, true]) {
      await shutOut(house, { name: 'baik', person: HASH, hidden }, 'BANNED')
      await shutOut(house, { name: '10.0.0.9', guest: true, person: HASH, hidden }, 'BANNED')
    }
    await cici.close()
    for (const hidden of [false, true])
      await refused(await enter({ name: hidden ? 'eka' : 'fina', person: 'another', hidden }), said, 'MUTED')
    await done(await enter({ name: '10.0.0.9', guest: true }), said)
  })
  it('lasts in a room that nobody was in, and so does who was inside when it was locked', async () => {
    const { house, host, enter } = await room()
    await enter({ person: HASH })
    await enter({ name: 'cici', person: 'cici' })
    await enter({ name: 'dodi', person: 'dodi' })
    await done(host, { type: 'mute', name: 'cici' }, { type: 'lock' }, { type: 'kick', name: 'dodi' })
    await house.engine.stop()
    for (let life = 0; life < 2; life++) {
      const next = await reopen(house)
      const back = (name: string, person: string) => next.engine.join({ room: 'lobby', name, person })
      for (let time = 0; time < 2; time++) {
        const [budi, cici] = [await back('baik', HASH), await back('eka', 'cici')]
        await done(budi, said)
        await refused(cici, said, 'MUTED')
        await shutOut(next, { name: 'dodi', person: 'dodi' }, 'LOCKED')
        await shutOut(next, { name: 'budi' }, 'LOCKED')
        // The last one out lets go of the room.
        await Promise.all([budi.close(), cici.close()])
      }
      await next.engine.stop()
    }
  })
  it('is told to nobody: not live, not later, not to who looks after the room', async () => {
    const { host, enter } = await room()
    const budi = await enter({ person: HASH })
    const seen = watch(host)
    await done(host, { type: 'lock' }, { type: 'kick', name: 'budi' }, { type: 'ban', name: 'budi' })
    await budi.close()
    expect(seen.events.map(({ type }) => type)).toEqual(['locked', 'left', 'banned'])
    const later = await host.history(10)
    expect(later.map((event) => [event.type, isEntry(event) && event.seq])).toEqual([
      ['locked', 1],
      ['banned', 3],
    ])
    const found = await host.search('budi', 10)
    expect(JSON.stringify([seen.events, later, found])).not.toContain(HASH)
  })
})

describe('over a restart', () => {
  it('ops, bans, mutes and the lock stay; kicks and absences do not', async () => {
    const { house, host, enter } = await room()
    const ani = await enter({ name: 'ani', person: HASH })
    await enter({ name: 'budi' })
    await done(host, { type: 'op', name: 'ani' }, { type: 'ban', name: 'cici' }, { type: 'mute', name: 'dodi' })
    await done(ani, { type: 'away', reason: 'lunch' }, { type: 'kick', name: 'budi' }, { type: 'lock' })
    await house.engine.stop()

    const next = await reopen(house)
    const again = await next.engine.join({ room: 'lobby', name: 'ani', person: HASH })
    expect(again.member).toMatchObject({ name: 'ani', role: 'op' })
    expect(again.member).not.toHaveProperty('away')
    await shutOut(next, { name: 'eka' }, 'LOCKED')
    await done(again, { type: 'unlock' })
    await shutOut(next, { name: 'c1ci' }, 'BANNED')
    const dodi = await next.engine.join({ room: 'lobby', name: 'dodi' })
    await refused(dodi, { type: 'say', text: 'halo' }, 'MUTED')
    const budi = await next.engine.join({ room: 'lobby', name: 'budi' })
    await done(budi, { type: 'say', text: 'halo' })
  })
  it('C63: who only has the name of an op is none', async () => {
    const { house, host, enter } = await room()
    await enter({ name: 'ani', person: HASH })
    await done(host, { type: 'op', name: 'ani' })
    await house.engine.stop()
    const next = await reopen(house)
    const other = await next.engine.join({ room: 'lobby', name: 'ani', person: 'digest of another key' })
    expect(other.member).not.toHaveProperty('role')
    await refused(other, { type: 'lock' }, 'NOT_ALLOWED')
  })
  it('what was taken back stays so', async () => {
    const { house, host, enter } = await room()
    await enter({ name: 'ani', person: HASH })
    await done(host, { type: 'op', name: 'ani' }, { type: 'deop', name: 'ani' })
    await done(host, { type: 'ban', name: 'budi' }, { type: 'unban', name: 'budi' })
    await done(host, { type: 'mute', name: 'ani' }, { type: 'unmute', name: 'ani' })
    await house.engine.stop()
    const next = await reopen(house)
    const ani = await next.engine.join({ room: 'lobby', name: 'ani', person: HASH })
    await refused(ani, { type: 'lock' }, 'NOT_ALLOWED')
    await done(ani, { type: 'say', text: 'halo' })
    await next.engine.join({ room: 'lobby', name: 'budi' })
  })
})

describe('a file that takes a while', () => {
  it('is told of now and then as it comes, and never kept so', async () => {
    const { house, host, enter } = await room()
    const seen = watch(host)
    const budi = await enter({})
    async function* slowly() {
      for (let piece = 0; piece < 100; piece++) {
        house.clock.advance(100)
        yield Buffer.alloc(10)
      }
    }
    expect(await budi.upload(slowly(), { name: 'a', size: 1000 }).done).toMatchObject({ size: 1000 })
    const told = seen.events.flatMap((event) => (event.type === 'fileProgressed' ? [event.bytes] : []))
    expect(told).toEqual([300, 400, 500, 600, 700, 800, 900, 1000])
    expect((await host.history(100)).map(({ type }) => type)).toEqual(['fileOffered', 'fileCompleted'])
  })
})
