import { describe, expect, it, vi } from 'vitest'
import { JournalBroken } from '../../../src/domain/ports/journal.ts'
import type { ClientCommand } from '../../../src/domain/room/commands.ts'
import { Refused } from '../../../src/domain/session.ts'
import { failure, openHouse, reopen, watch } from '../../helpers/house.ts'
import { seqsOf, textsOf } from '../../helpers/people.ts'
import { ScriptedJournal } from '../../helpers/scripted-journal.ts'
import { turns } from '../../helpers/turns.ts'

const say = (text: string, id?: string) => ({ type: 'say', text, ...(id === undefined ? {} : { id }) }) as const

describe('joining', () => {
  it('makes a room, gives a place in it, and tells those who are there', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const seen = watch(ani)
    const budi = await join('budi')
    expect([ani.room, ani.topic, ani.last]).toEqual(['lobby', '', 0])
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
    const error = new JournalBroken('I/O error')
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
    const guest = await engine.join({ room: 'lobby', name: '10.0.0.9', guest: true, quiet: true })
    expect([seen.events, ani.members]).toEqual([[], [ani.member]])
    expect(await guest.comeForward()).toBeUndefined()
    expect(await guest.comeForward()).toBeUndefined()
    await guest.close()
    expect(seen.events.map(({ type }) => type)).toEqual(['joined', 'left'])
  })
  it('and goes in the moment of coming forward stays in no list', async () => {
    const { engine, join } = await openHouse()
    const ani = await join('ani')
    const guest = await engine.join({ room: 'lobby', name: '10.0.0.9', guest: true, quiet: true })
    await Promise.all([guest.comeForward(), guest.close()])
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
    expect(again.topic).toBe('songs')
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
    const error = new JournalBroken('I/O error')
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
