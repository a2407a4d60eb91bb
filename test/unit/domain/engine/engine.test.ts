import { describe, expect, it, vi } from 'vitest'
import { JournalFailed } from '#domain/ports/journal.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import { Refused } from '#domain/session.ts'
import { failure, openHouse, reopen, watch } from '../../../harness/house.ts'
import { seqsOf, textsOf } from '../../../harness/people.ts'
import { ScriptedJournal } from '../../../harness/scripted-journal.ts'
import { turns } from '../../../harness/turns.ts'

const say = (text: string, id?: string) => ({ type: 'say', text, ...(id === undefined ? {} : { id }) }) as const

describe('joining', () => {
  it('makes a room, gives a place in it, and tells those who are there', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const seen = watch(ani)
    const budi = await join('budi')
    expect([ani.room, ani.rules.topic, ani.last]).toEqual(['lobby', '', 0])
    expect(budi.members.map(({ name }) => name)).toEqual(['ani', 'budi'])
    expect(seen.events).toEqual([{ type: 'joined', by: budi.member }])
  })
  it('takes room names as they are spelled in many ways', async () => {
    const { join } = await openHouse()
    const ani = await join('ani', '#Lobby')
    expect(ani.room).toBe('lobby')
    expect((await join('budi', 'LOBBY')).members).toHaveLength(2)
  })
  it('C66 refuses a room name that is none, and forgets the nick that came with it', async () => {
    const { join } = await openHouse()
    expect(await failure(join('ani', '../etc'))).toMatchObject({ code: 'BAD_ROOM' })
    await join('ani')
  })
  it('C64 refuses a nick that is none', async () => {
    const { join } = await openHouse()
    expect(await failure(join('admin'))).toBeInstanceOf(Refused)
    expect(await failure(join('10.0.0.9'))).toMatchObject({ code: 'BAD_NAME' })
  })
  it('C66 refuses one room too many, but lets people into those there are', async () => {
    const { join, engine } = await openHouse({ limits: { rooms: 2 } })
    await join('ani', 'a')
    const budi = await join('budi', 'b')
    expect(await failure(join('cici', 'c'))).toMatchObject({ code: 'TOO_MANY_ROOMS' })
    await join('cici', 'a')
    await budi.close()
    await engine.settled()
    await join('dedi', 'c')
  })
  it('C66 keeps nobody out because of files that wait in rooms without members', async () => {
    const { join, engine } = await openHouse({ limits: { rooms: 1 } })
    for (const room of ['a', 'b', 'c']) {
      const ani = await join('ani', room)
      expect(await ani.createTransfer({ name: 'f', size: 10 })).not.toMatchObject({ type: 'rejected' })
      await ani.close()
    }
    expect(engine.transfers).toHaveLength(3)
    const budi = await join('budi')
    expect(await failure(join('cici', 'a'))).toMatchObject({ code: 'TOO_MANY_ROOMS' })
    await join('cici')
    await budi.close()
  })
  it('C66 makes no room beyond those that are kept: one with a history counts, one without vanishes', async () => {
    const house = await openHouse({ limits: { keptRooms: 2 } })
    const visit = async (room: string, ...texts: readonly string[]) => {
      const ani = await house.join('ani', room)
      for (const text of texts) await ani.send(say(text))
      await ani.close()
    }
    for (let index = 0; index < 100; index++) await visit(`empty-${index}`)
    await visit('a', 'halo')
    await visit('b', 'halo')
    expect(await failure(visit('c'))).toMatchObject({ code: 'TOO_MANY_ROOMS' })
    await visit('a', 'there is still a place in those there are')
    await house.engine.stop()
    const next = await reopen(house, { keptRooms: 2 })
    expect(await failure(next.join('ani', 'c'))).toMatchObject({ code: 'TOO_MANY_ROOMS' })
    expect((await next.join('ani', 'b')).last).toBe(1)
  })
  it('is refused before the host runs and after it stopped', async () => {
    const { engine, join } = await openHouse()
    await engine.stop()
    expect(await failure(join('ani'))).toMatchObject({ code: 'CLOSED' })
  })
  it('that is under way when the host stops is refused or ended, never left in between', async () => {
    const { engine, join } = await openHouse()
    const joining = join('ani').then(
      (session) => session.send(say('a')),
      (error: Refused) => error.rejected,
    )
    await engine.stop()
    expect(await joining).toMatchObject({ type: 'rejected' })
  })
  it('of a room that can not be read back fails, and does not keep the room or the nick from the next', async () => {
    const journal = new ScriptedJournal()
    const { join } = await openHouse({ journal })
    const error = new JournalFailed('I/O error')
    vi.spyOn(journal, 'span').mockRejectedValueOnce(error)
    expect(await failure(join('ani'))).toBe(error)
    expect((await join('ani')).members).toHaveLength(1)
  })
})

describe('who came quietly', () => {
  it('is listed, and heard of, once they come forward, and is heard to go', async () => {
    const { engine, join } = await openHouse()
    const ani = await join('ani')
    const seen = watch(ani)
    const guest = await engine.join({ room: 'lobby', name: '10.0.0.9', guest: true, hidden: true })
    expect([seen.events, ani.members]).toEqual([[], [ani.member]])
    expect(await guest.announceMember()).toBeUndefined()
    expect(await guest.announceMember()).toBeUndefined()
    await guest.close()
    expect(seen.events.map(({ type }) => type)).toEqual(['joined', 'left'])
  })
  it('and goes in the moment of coming forward stays in no list', async () => {
    const { engine, join } = await openHouse()
    const ani = await join('ani')
    const guest = await engine.join({ room: 'lobby', name: '10.0.0.9', guest: true, hidden: true })
    await Promise.all([guest.announceMember(), guest.close()])
    await engine.settled()
    expect(ani.members).toEqual([ani.member])
  })
})

describe('rooms', () => {
  it('go when nobody is in them, and are read back with their topic, their files and where they were', async () => {
    const { join, engine } = await openHouse()
    const ani = await join('ani')
    await ani.send({ type: 'setTopic', topic: 'songs' })
    await ani.send(say('a'))
    const sent = await ani.upload((async function* () {})(), { name: 'e' }).done
    await ani.close()
    await engine.settled()
    const again = await join('ani')
    expect(again.rules.topic).toBe('songs')
    expect(again.files.map(({ file, status }) => [file, status])).toEqual([[sent, 'whole']])
    expect(again.last).toBe(4)
    expect(await again.send(say('b'))).toEqual({ type: 'ack', seq: 5, duplicate: false })
  })
  it('stand apart: nothing of one is seen in the other', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani', 'a'), await join('budi', 'b')]
    const [inA, inB] = [watch(ani), watch(budi)]
    await Promise.all([ani.send(say('in a')), budi.send(say('in b'))])
    expect([textsOf(inA.events), textsOf(inB.events)]).toEqual([['in a'], ['in b']])
    expect([seqsOf(inA.events), seqsOf(inB.events)]).toEqual([[1], [1]])
  })
})

describe('P3 the same message twice', () => {
  it('is one message, answered twice', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const seen = watch(ani)
    const answers = await Promise.all([ani.send(say('a', 'x')), ani.send(say('a', 'x'))])
    answers.push(await ani.send(say('a', 'x')))
    expect(answers).toEqual([
      { type: 'ack', seq: 1, duplicate: false },
      { type: 'ack', seq: 1, duplicate: true },
      { type: 'ack', seq: 1, duplicate: true },
    ])
    expect(textsOf(seen.events)).toEqual(['a'])
  })
  it('is one message also when the host was restarted between', async () => {
    const house = await openHouse()
    const ani = await house.join('ani')
    await ani.send(say('a', 'x'))
    await house.engine.stop()
    const next = await reopen(house)
    const again = await next.join('ani')
    const seen = watch(again)
    expect(await again.send(say('a', 'x'))).toEqual({ type: 'ack', seq: 1, duplicate: true })
    expect(await again.send(say('b', 'y'))).toEqual({ type: 'ack', seq: 2, duplicate: false })
    expect(textsOf(seen.events)).toEqual(['b'])
  })
})

describe('C90 what no type allows and a program sends all the same', () => {
  it.each<object>([{ type: 'shout', text: 'a' }, { type: 'constructor' }, { type: 'say' }, { type: 'kick' }])(
    '%o is refused; others are heard, and the host stops as ever',
    async (command) => {
      const { engine, join } = await openHouse()
      const [ani, budi] = [await join('ani'), await join('budi')]
      const answers = Promise.all([ani.send(command as ClientCommand), budi.send(say('hi'))])
      expect(await answers).toMatchObject([{ type: 'rejected' }, { type: 'ack' }])
      await engine.stop()
    },
  )
})

describe('stopping', () => {
  it('keeps and shows what was said, ends every session, and closes the stores', async () => {
    const { engine, join, journal } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    const last = ani.send(say('last words'))
    await engine.stop('bye')
    await engine.stop('again')
    expect(await last).toMatchObject({ type: 'ack' })
    expect(textsOf(seen.events)).toEqual(['last words'])
    expect(seen.completed).toBe(true)
    expect(journal.closed).toBe(true)
    expect(await ani.send(say('too late'))).toMatchObject({ code: 'NOT_A_MEMBER' })
  })
  it('C76 works also when the journal broke, which is reported once', async () => {
    const { engine, join, journal, broken } = await openHouse()
    const ani = await join('ani')
    const error = new JournalFailed('I/O error')
    journal.script.push(error)
    expect(await ani.send(say('a'))).toMatchObject({ code: 'CLOSED' })
    expect(await ani.send(say('b'))).toMatchObject({ code: 'CLOSED' })
    await engine.stop()
    expect(broken).toEqual([error])
  })
  it('leaves an upload behind that does not move, and nothing of it reaches the closed stores later', async () => {
    const { engine, join, journal, broken } = await openHouse()
    const ani = await join('ani')
    let more = () => {}
    const source = (async function* () {
      yield Buffer.from('a')
      await new Promise<void>((resolve) => {
        more = resolve
      })
      yield Buffer.from('b')
    })()
    const upload = ani.upload(source, { name: 'a.txt' })
    await turns(4)
    await engine.stop()
    const appends = journal.appends.length
    more()
    expect(await upload.done).toMatchObject({ code: 'TRANSFER_CUT' })
    await turns(4)
    expect(journal.appends).toHaveLength(appends)
    expect(broken).toEqual([])
  })
})
