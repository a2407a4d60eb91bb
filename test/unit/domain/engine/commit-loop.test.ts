import { describe, expect, it } from 'vitest'
import { CommitLoop } from '#domain/engine/commit-loop.ts'
import { JournalFailed } from '#domain/ports/journal.ts'
import { RoomActor } from '#domain/room/actor.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { mailOf, say, saying } from '../../../harness/mail.ts'
import { ani, budi, limits, seqsOf, textsOf } from '../../../harness/people.ts'
import { ScriptedJournal } from '../../../harness/scripted-journal.ts'
import { TurnClock, turns } from '../../../harness/turns.ts'

const FULL = { status: 'readOnly', message: 'the disk is full' } as const

function makeLoop() {
  const journal = new ScriptedJournal()
  const metrics = new MemoryMetrics()
  const broken: unknown[] = []
  const committed: string[] = []
  const ports = { journal, clock: new TurnClock(), metrics }
  const loop = new CommitLoop(
    ports,
    (room) => committed.push(room.state.name),
    (error) => broken.push(error),
  )
  const makeRoom = async (name: string) => {
    const room = new RoomActor(name, undefined, [], { ...limits, mailboxCommands: 1000 }, loop.wake)
    const shown: RoomEvent[] = []
    room.tell(mailOf(ani, { type: 'join' }))
    await loop.settled()
    room.batches$.subscribe((batch) => shown.push(...batch.events))
    return { room, shown }
  }
  return { ...ports, broken, committed, loop, makeRoom }
}

async function oneRoom() {
  const made = makeLoop()
  const { room, shown } = await made.makeRoom('lobby')
  made.committed.length = 0
  return { ...made, room, shown }
}

describe('P2 commit before show', () => {
  it('nothing is shown, acknowledged or true before the journal has it', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.hold()
    const mail = saying(ani, 'a', 'b')
    room.post(mail)
    await turns(3)
    expect(journal.appends).toHaveLength(1)
    expect([shown, mail.acks, room.state.last]).toEqual([[], [], 0])
    journal.release()
    await loop.settled()
    expect(textsOf(shown)).toEqual(['a', 'b'])
    expect(mail.acks.map(({ seq }) => seq)).toEqual([1, 2])
    expect(room.state.last).toBe(2)
  })
  it('presence waits behind what was said before it', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.hold()
    room.post(saying(ani, 'a'))
    room.tell(mailOf(budi, { type: 'join' }))
    await turns(3)
    expect(shown).toEqual([])
    journal.release()
    await loop.settled()
    expect(shown.map(({ type }) => type)).toEqual(['said', 'joined'])
  })
  it('presence alone does not trouble the journal', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    room.tell(mailOf(budi, { type: 'join' }))
    await loop.settled()
    expect(shown.map(({ type }) => type)).toEqual(['joined'])
    expect(journal.appends).toEqual([])
  })
})

describe('one commit', () => {
  it('takes everything that was said in a tick, in all rooms, in one append', async () => {
    const { journal, loop, makeRoom, committed } = makeLoop()
    const rooms = [await makeRoom('lobby'), await makeRoom('kitchen'), await makeRoom('garden')]
    committed.length = 0
    for (const { room } of rooms) for (const text of ['a', 'b']) room.post(saying(ani, text))
    await loop.settled()
    expect(journal.appends.map((batches) => batches.map(({ room, entries }) => [room, entries.length]))).toEqual([
      [
        ['lobby', 2],
        ['kitchen', 2],
        ['garden', 2],
      ],
    ])
    expect(committed).toEqual(['lobby', 'kitchen', 'garden'])
    for (const { shown } of rooms) expect(seqsOf(shown)).toEqual([1, 2])
  })
  it('leaves batches without entries out of the append', async () => {
    const { journal, loop, makeRoom } = makeLoop()
    const [lobby, kitchen] = [await makeRoom('lobby'), await makeRoom('kitchen')]
    lobby.room.tell(mailOf(budi, { type: 'join' }))
    kitchen.room.post(saying(ani, 'a'))
    await loop.settled()
    expect(journal.appends.map((batches) => batches.map(({ room }) => room))).toEqual([['kitchen']])
    expect([lobby.shown, kitchen.shown].map((shown) => shown.length)).toEqual([1, 1])
  })
  it('is under way beside one more; all that arrives meanwhile is the next', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.hold()
    room.post(saying(ani, 'a'))
    await turns(2)
    for (const text of ['b', 'c', 'd', 'e']) {
      room.post(saying(ani, text))
      await turns(2)
    }
    expect(journal.appends).toHaveLength(2)
    expect([shown, room.state.last, room.idle]).toEqual([[], 0, false])
    journal.release()
    await loop.settled()
    expect(journal.appends.map(([batch]) => textsOf(batch?.events ?? []))).toEqual([['a'], ['b'], ['c', 'd', 'e']])
    expect(seqsOf(shown)).toEqual([1, 2, 3, 4, 5])
    expect(room.idle).toBe(true)
  })
  it.each([
    ['a message behind a fact', { type: 'setTopic', topic: 'kopi' }, say('b'), ['topicSet', 'said']],
    ['a command that is no message', say('a'), { type: 'setTopic', topic: 'kopi' }, ['said', 'topicSet']],
    ['a member who leaves', say('a'), { type: 'leave', reason: 'left' }, ['said', 'left']],
  ] as const)('keeps back what must be decided by the one before: %s', async (_what, first, second, types) => {
    const { journal, loop, makeRoom } = makeLoop()
    const [lobby, kitchen] = [await makeRoom('lobby'), await makeRoom('kitchen')]
    journal.hold()
    lobby.room.post(mailOf(ani, first))
    await turns(2)
    lobby.room.tell(mailOf(ani, second))
    lobby.room.post(saying(ani, 'c'))
    kitchen.room.post(saying(ani, 'elsewhere'))
    await turns(2)
    expect(journal.appends.map((batches) => batches.map(({ room }) => room))).toEqual([['lobby'], ['kitchen']])
    journal.release()
    await loop.settled()
    expect(lobby.shown.map(({ type }) => type).slice(0, 2)).toEqual(types)
  })
  it('is shown while the journal writes the next, which was decided by it', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.hold()
    const [first, second] = [saying(ani, 'a'), saying(ani, 'b')]
    room.post(first)
    await turns(2)
    room.post(second)
    journal.release(true)
    await turns(2)
    expect(journal.appends.map(([batch]) => seqsOf(batch?.events ?? []))).toEqual([[1], [2]])
    expect(textsOf(shown)).toEqual(['a'])
    expect([first.acks.length, second.acks.length]).toEqual([1, 0])
    journal.release()
    await loop.settled()
    expect(textsOf(shown)).toEqual(['a', 'b'])
    expect(second.acks.map(({ seq }) => seq)).toEqual([2])
  })
  it('is measured: how long it took and how much it held', async () => {
    const { loop, metrics, room } = await oneRoom()
    room.post(saying(ani, 'a', 'b', 'c'))
    await loop.settled()
    expect(metrics.snapshot().distributions['commit_ms']).toBeDefined()
    expect(metrics.snapshot().distributions['commit_events']).toMatchObject({ max: 3 })
  })
})

describe('one that is behind another', () => {
  /** A room in which `a` was said, and two appends under way: of `first`, and of `second` together with the kitchen. */
  async function two(...first: readonly ReturnType<typeof say>[]) {
    const made = makeLoop()
    const [lobby, kitchen] = [await made.makeRoom('lobby'), await made.makeRoom('kitchen')]
    lobby.room.post(mailOf(ani, say('a', 'x')))
    await made.loop.settled()
    made.journal.hold()
    const ahead = mailOf(ani, ...first)
    lobby.room.post(ahead)
    await turns(2)
    const [mail, along] = [mailOf(ani, say('c', 'z'), say('d')), saying(ani, 'along')]
    lobby.room.post(mail)
    kitchen.room.tell(mailOf(budi, { type: 'join' }))
    kitchen.room.post(along)
    await turns(2)
    expect(made.journal.appends).toHaveLength(3)
    const later = saying(ani, 'e')
    lobby.room.post(later)
    return { ...made, lobby, kitchen, ahead, mail, along, later }
  }

  it('that says again what is known is decided again: all in order, each once, dense', async () => {
    const { journal, loop, lobby, kitchen, ahead, mail, along, later } = await two(say('a', 'x'), say('b', 'y'))
    journal.release()
    await loop.settled()
    expect(textsOf(lobby.shown)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(seqsOf(lobby.shown)).toEqual([1, 2, 3, 4, 5])
    expect(kitchen.shown.map(({ type }) => type)).toEqual(['joined', 'said'])
    expect(ahead.acks.toSorted((one, other) => one.seq - other.seq)).toMatchObject([
      { seq: 1, duplicate: true },
      { seq: 2, duplicate: false },
    ])
    expect(mail.acks).toMatchObject([{ seq: 3 }, { seq: 4 }])
    expect([along.acks, later.acks]).toMatchObject([[{ seq: 1 }], [{ seq: 5 }]])
    expect([...mail.refusals, ...along.refusals, ...later.refusals]).toEqual([])
    expect(await journal.span('lobby')).toEqual({ first: 1, last: 5 })
  })
  it('that finds the disk full is refused, and those behind it are kept where there is room again', async () => {
    const { journal, loop, lobby, ahead, mail, later, broken } = await two(say('b', 'y'))
    journal.script.push(FULL)
    journal.release()
    await loop.settled()
    expect(ahead.refusals).toHaveLength(1)
    expect(textsOf(lobby.shown)).toEqual(['a', 'c', 'd', 'e'])
    expect(seqsOf(lobby.shown)).toEqual([1, 2, 3, 4])
    expect([mail.acks, later.acks, broken]).toMatchObject([[{ seq: 2 }, { seq: 3 }], [{ seq: 4 }], []])
  })
  it('is refused too where the disk stays full', async () => {
    const { journal, loop, lobby, ahead, mail, later, along } = await two(say('b', 'y'))
    journal.script.push(FULL, FULL, FULL, FULL)
    journal.release()
    await loop.settled()
    expect([ahead, mail, later, along].map(({ refusals }) => refusals.length > 0)).toEqual([true, true, true, true])
    expect(textsOf(lobby.shown)).toEqual(['a'])
  })
  it('is neither shown nor acknowledged where the one before failed, though the journal answers that it is kept', async () => {
    const { journal, loop, lobby, kitchen, ahead, mail, along, later, broken } = await two(say('b', 'y'))
    const error = new JournalFailed('I/O error')
    journal.script.push(error, { status: 'committed' })
    journal.release()
    await loop.settled()
    expect(broken).toEqual([error])
    expect([ahead, mail, along, later].map(({ acks }) => acks.length)).toEqual([0, 0, 0, 0])
    expect([ahead, mail, along, later].map(({ refusals }) => refusals.length > 0)).toEqual([true, true, true, true])
    expect(textsOf(lobby.shown)).toEqual(['a'])
    expect(kitchen.shown.map(({ type }) => type)).toEqual(['joined'])
  })
  it('repeats an id of the one before: it is one message, answered twice', async () => {
    const { journal, loop, lobby } = await two(say('b', 'y'))
    const again = mailOf(ani, say('b', 'y'))
    lobby.room.post(again)
    journal.release()
    await loop.settled()
    expect(textsOf(lobby.shown)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(again.acks).toEqual([{ type: 'ack', seq: 2, duplicate: true }])
  })
  it('can not be behind where nothing before it was left out: that is a bug, and the host stops', async () => {
    const { journal, loop, room, broken } = await oneRoom()
    journal.script.push({ status: 'behind' })
    const mail = saying(ani, 'a')
    room.post(mail)
    await loop.settled()
    expect(broken).toHaveLength(1)
    expect([mail.acks.length, mail.refusals.length]).toEqual([0, 1])
  })
})

describe('settled', () => {
  it('resolves at once where nothing waits', () => expect(makeLoop().loop.settled()).resolves.toBeUndefined())
  it('waits for what arrived during a commit too', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.hold()
    room.post(saying(ani, 'a'))
    const settled = loop.settled()
    await turns(2)
    room.post(saying(ani, 'b'))
    journal.release()
    await settled
    expect(textsOf(shown)).toEqual(['a', 'b'])
  })
})

describe('P3 a message that comes again', () => {
  it('is answered with the sequence it got, and the others move up', async () => {
    const { loop, room, shown } = await oneRoom()
    room.post(mailOf(ani, say('a', 'x'), say('b')))
    await loop.settled()
    const again = mailOf(ani, say('a', 'x'), say('c'), say('d', 'y'))
    room.post(again)
    await loop.settled()
    expect(textsOf(shown)).toEqual(['a', 'b', 'c', 'd'])
    expect(seqsOf(shown)).toEqual([1, 2, 3, 4])
    expect(again.acks.toSorted((one, other) => one.seq - other.seq)).toEqual([
      { type: 'ack', seq: 1, duplicate: true },
      { type: 'ack', seq: 3, duplicate: false },
      { type: 'ack', seq: 4, duplicate: false },
    ])
  })
  it('in one room does not touch another in the same commit', async () => {
    const { loop, makeRoom } = makeLoop()
    const [lobby, kitchen] = [await makeRoom('lobby'), await makeRoom('kitchen')]
    lobby.room.post(mailOf(ani, say('a', 'x')))
    await loop.settled()
    lobby.room.post(mailOf(ani, say('a', 'x'), say('b')))
    kitchen.room.post(mailOf(ani, say('a', 'x')))
    await loop.settled()
    expect(textsOf(lobby.shown)).toEqual(['a', 'b'])
    expect(textsOf(kitchen.shown)).toEqual(['a'])
  })
  it('is left out also when the journal tells of its ids one after the other', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    room.post(mailOf(ani, say('a', 'x'), say('b', 'y')))
    await loop.settled()
    journal.script.push({ status: 'duplicate', known: [{ room: 'lobby', id: 'x', seq: 1 }] })
    const again = mailOf(ani, say('a', 'x'), say('b', 'y'), say('c'))
    room.post(again)
    await loop.settled()
    expect(textsOf(shown)).toEqual(['a', 'b', 'c'])
    expect(again.acks.map(({ seq }) => seq).toSorted()).toEqual([1, 2, 3])
  })
  it('alone leaves nothing to commit, and is answered', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    room.post(mailOf(ani, say('a', 'x')))
    await loop.settled()
    const again = mailOf(ani, say('a', 'x'))
    room.post(again)
    await loop.settled()
    expect(again.acks).toEqual([{ type: 'ack', seq: 1, duplicate: true }])
    expect(seqsOf(shown)).toEqual([1])
    expect(await journal.span('lobby')).toEqual({ first: 1, last: 1 })
  })
})

describe('C75 a disk that is full', () => {
  it('refuses what was said, lets people come and go, and heals by itself', async () => {
    const { journal, loop, room, shown, broken } = await oneRoom()
    journal.script.push(FULL)
    const mail = saying(ani, 'a')
    room.post(mail)
    room.tell(mailOf(budi, { type: 'join' }))
    await loop.settled()
    expect(mail.refusals).toEqual([{ type: 'rejected', code: 'READ_ONLY', message: 'the disk is full' }])
    expect(shown.map(({ type }) => type)).toEqual(['joined'])
    const later = saying(ani, 'b')
    room.post(later)
    await loop.settled()
    expect(later.acks).toEqual([{ type: 'ack', seq: 1, duplicate: false }])
    expect(seqsOf(shown)).toEqual([1])
    expect(broken).toEqual([])
  })
  it('refuses what comes again too, when the rest of its commit finds no room', async () => {
    const { journal, loop, room } = await oneRoom()
    room.post(mailOf(ani, say('a', 'x')))
    await loop.settled()
    const again = mailOf(ani, say('a', 'x'), say('b'))
    journal.script.push({ status: 'duplicate', known: [{ room: 'lobby', id: 'x', seq: 1 }] }, FULL)
    room.post(again)
    await loop.settled()
    expect(again.refusals).toHaveLength(1)
  })
})

describe('C76 a journal that broke', () => {
  it('is reported once, and nothing is acknowledged, shown or appended any more', async () => {
    const { journal, loop, room, shown, broken } = await oneRoom()
    const error = new JournalFailed('I/O error')
    journal.script.push(error)
    const mail = saying(ani, 'a')
    room.post(mail)
    await loop.settled()
    const later = saying(ani, 'b')
    room.post(later)
    await loop.settled()
    await turns(3)
    expect(broken).toEqual([error])
    expect([...mail.acks, ...later.acks, ...shown]).toEqual([])
    expect(journal.appends).toHaveLength(1)
    expect(room.state.last).toBe(0)
  })
  it('leaves nobody waiting: what was asked is refused, before and after', async () => {
    const { journal, loop, room } = await oneRoom()
    journal.script.push(new JournalFailed('I/O error'))
    const [mail, later] = [saying(ani, 'a'), saying(ani, 'b')]
    room.post(mail)
    await loop.settled()
    room.post(later)
    await loop.settled()
    expect([mail, later].map(({ refusals }) => refusals.map(({ code }) => code))).toEqual([['CLOSED'], ['CLOSED']])
  })
  it('still lets people go, so that the host can be stopped', async () => {
    const { journal, loop, room, shown } = await oneRoom()
    journal.script.push(new JournalFailed('I/O error'))
    room.post(saying(ani, 'a'))
    await loop.settled()
    const bye = mailOf(ani, { type: 'leave', reason: 'left' })
    room.tell(bye)
    await loop.settled()
    expect(bye.acks).toHaveLength(1)
    expect(shown.map(({ type }) => type)).toEqual(['left'])
  })
})

it('an error of ours in the middle of a commit stops the loop like a broken journal, and is reported once', async () => {
  const { loop, room, broken, journal } = await oneRoom()
  const [bug, another] = [new Error('a bug'), new Error('another')]
  const throwing = (error: Error) => () => {
    throw error
  }
  room.post({ ...saying(ani, 'a'), committed: throwing(bug) })
  await loop.settled()
  expect(broken).toEqual([bug])
  const later = saying(ani, 'b')
  room.post(later)
  await loop.settled()
  room.post({ ...saying(ani, 'c'), refused: throwing(another) })
  await loop.settled()
  expect(broken).toEqual([bug])
  expect(later.acks).toEqual([])
  expect(journal.appends).toHaveLength(1)
})
