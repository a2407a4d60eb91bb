import { describe, expect, it } from 'vitest'
import { Unreachable } from '#client/errors.ts'
import type { Ack } from '#domain/room/commands.ts'
import type { Member } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { failure } from '../../../harness/house.ts'
import { ani, budi, enteredRoom, said, scripted } from './scripted-host.ts'

const ack = (ref = 0, seq = 1) => ({ type: 'ack', ref, seq, duplicate: false }) as const

describe('coming in', () => {
  it('says hello, joins when welcome, and knows who and what is there', async () => {
    const { room, newest, states } = await enteredRoom({ after: 4, token: 'rahasia' }, {}, { last: 9, topic: 'kopi' })
    expect(newest().heard).toEqual([
      { type: 'hello', version: 1, key: 'ab'.repeat(16), name: 'ani', token: 'rahasia' },
      { type: 'join', room: 'lobby', after: 4 },
    ])
    expect([room.member, room.members, room.facts.topic]).toEqual([ani, [ani, budi], 'kopi'])
    expect(states.at(-1)).toEqual({ status: 'connected' })
  })

  it('rejects with the refusal where the host will not have it, and never tries again', async () => {
    const { room, newest, clock, connections, states } = scripted()
    const entered = failure(room.enter())
    newest().welcome()
    newest().say({ type: 'rejected', code: 'NAME_TAKEN', message: 'choose another' })
    const refused = await entered
    expect(refused).toBeInstanceOf(Refused)
    expect(refused).toMatchObject({ code: 'NAME_TAKEN' })
    clock.advance(60_000)
    expect(connections.length).toBe(1)
    expect(states.at(-1)).toEqual({ status: 'closed', why: 'choose another', code: 'NAME_TAKEN' })
    expect(clock.waiting).toBe(0)
  })

  it.each([
    [
      'is not there',
      (house: ReturnType<typeof scripted>) => house.newest().cut('nothing listens there; is the host running?'),
    ],
    ['says nothing', (house: ReturnType<typeof scripted>) => house.clock.advance(10_001)],
    ['is no tamtam', (house: ReturnType<typeof scripted>) => house.newest().sayRaw(Buffer.from('HTTP/1.1'))],
  ])('rejects at once where the host %s', async (_, happens) => {
    const house = scripted()
    const entered = failure(house.room.enter())
    happens(house)
    expect(await entered).toBeInstanceOf(Unreachable)
    expect(house.clock.waiting).toBe(0)
  })

  it('refuses a host of another version', async () => {
    const { room, newest } = scripted()
    const entered = failure(room.enter())
    newest().open()
    newest().say({ type: 'welcome', version: 2, capabilities: [], host: 'tamtam/9' })
    expect(await entered).toMatchObject({ code: 'WRONG_PROTOCOL' })
  })

  it('shows what came with the answer to whoever awaited it', async () => {
    const { room, newest } = scripted()
    const entered = room.enter()
    newest().admit({ last: 2 })
    newest().say({ type: 'batch', events: [said(3)] })
    await entered
    const seen: unknown[] = []
    room.news$.subscribe((event) => seen.push(event))
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([said(3)])
  })
})

describe('coming back', () => {
  it('waits longer from one failure to the next, and goes on behind the last entry', async () => {
    const { newest, clock, states, connections, events } = await enteredRoom({}, {}, { last: 2 })
    newest().say({ type: 'batch', events: [said(3), said(4)] })
    for (const inMs of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      newest().cut('cut')
      expect(states.at(-1)).toMatchObject({ status: 'retrying', inMs, why: 'cut' })
      clock.advance(inMs - 1)
      const before = connections.length
      clock.advance(1)
      expect(connections.length).toBe(before + 1)
    }
    newest().admit({ last: 5 })
    expect(newest().heard.at(1)).toEqual({ type: 'join', room: 'lobby', after: 4 })
    newest().say({ type: 'batch', events: [said(4), said(5)] })
    expect(events).toEqual([said(3), said(4), said(5)])
    expect(states.at(-1)).toEqual({ status: 'connected' })
    newest().cut()
    expect(states.at(-1)).toMatchObject({ attempt: 1, inMs: 250 })
  })

  it('tries at once when somebody does not want to wait, once', async () => {
    const { room, newest, clock, connections } = await enteredRoom()
    newest().cut()
    room.hurry()
    room.hurry()
    expect(connections.length).toBe(2)
    newest().admit()
    room.hurry()
    clock.advance(10_000)
    expect(connections.length).toBe(2)
  })

  it('waits for half as long by chance', async () => {
    const house = await enteredRoom()
    house.newest().say({ type: 'bye', code: 'RESTART', message: 'a moment' })
    expect(house.states.at(-1)).toMatchObject({ inMs: 250, why: 'a moment' })
  })

  it('sends again what was not answered, in order and under its ids, and nothing else', async () => {
    const { room, newest, clock } = await enteredRoom()
    const answers = ['satu', 'dua', 'tiga'].map((text) => room.send({ type: 'say', text }))
    const first = newest().commands
    expect(new Set(first.map(({ command }) => 'id' in command && command.id)).size).toBe(3)
    newest().say(ack(first[0]?.ref))
    newest().cut()
    const later = room.send({ type: 'say', text: 'empat', id: 'mine' })
    clock.advance(250)
    expect(newest().heard).toEqual([])
    newest().admit()
    expect(newest().commands.slice(0, 2)).toEqual(first.slice(1))
    expect(newest().commands.at(2)?.command).toEqual({ type: 'say', text: 'empat', id: 'mine' })
    for (const [index, { ref }] of newest().commands.entries()) newest().say(ack(ref, index + 2))
    const seqs = (await Promise.all([...answers, later])).map((answer) => (answer as Ack).seq)
    expect(seqs).toEqual([1, 2, 3, 4])
  })

  it('shows who came, went and was renamed meanwhile, and its own new name', async () => {
    const { room, newest, clock, events } = await enteredRoom()
    newest().say({ type: 'batch', events: [{ type: 'renamed', by: { ...ani, name: 'ayu' }, from: 'ani' }] })
    newest().cut()
    clock.advance(250)
    const cici: Member = { id: 'c1', name: 'cici' }
    const now = [{ ...ani, name: 'ayu' }, cici]
    newest().admit({ members: now })
    expect(newest().heard[0]).toMatchObject({ name: 'ayu' })
    expect(events.slice(1)).toMatchObject([
      { type: 'left', by: budi },
      { type: 'joined', by: cici },
    ])
    expect(room.members).toEqual(now)
    newest().say({ type: 'batch', events: [{ type: 'joined', by: cici }] })
    newest().say({ type: 'batch', events: [{ type: 'left', by: budi, reason: 'x' }] })
    expect(events.length).toBe(3)
  })

  it('begins again with a host that was started anew and kept nothing', async () => {
    const { newest, clock, events } = await enteredRoom({ after: 0 })
    newest().say({ type: 'batch', events: [said(1), said(2), said(3)] })
    newest().cut()
    clock.advance(250)
    newest().admit({ last: 1 })
    expect(newest().heard.at(-1)).toEqual({ type: 'join', room: 'lobby', after: 0 })
    newest().say({ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '', last: 1 })
    newest().say({ type: 'batch', events: [said(1, 'baru')] })
    expect(events.at(-1)).toEqual(said(1, 'baru'))
  })

  it.each(['REPLACED', 'BAD_MESSAGE', 'WRONG_PROTOCOL'] as const)(
    'ends for good when the host says %s',
    async (code) => {
      const { room, newest, clock, connections, states } = await enteredRoom()
      const waiting = room.send({ type: 'say', text: 'halo' })
      newest().say({ type: 'bye', code, message: 'enough' })
      expect(await waiting).toMatchObject({ code: 'CLOSED' })
      clock.advance(60_000)
      expect(connections.length).toBe(1)
      expect(states.at(-1)).toEqual({ status: 'closed', why: 'enough', code })
      expect(await room.send({ type: 'say', text: 'halo' })).toMatchObject({ code: 'NOT_A_MEMBER' })
    },
  )
})

describe('a connection that says nothing', () => {
  it('is asked after 30 s, and given up 10 s later', async () => {
    const { newest, clock, states } = await enteredRoom()
    clock.advance(29_999)
    expect(newest().heard.at(-1)?.type).toBe('join')
    clock.advance(1)
    expect(newest().heard.at(-1)).toEqual({ type: 'ping', ref: 1 })
    clock.advance(9_999)
    expect(states.at(-1)).toEqual({ status: 'connected' })
    clock.advance(1)
    expect(states.at(-1)).toMatchObject({ status: 'retrying', why: 'it does not answer' })
    expect(newest().status).toBe('dropped')
  })

  it('is kept when it answers, or when only a part of a message comes', async () => {
    const { newest, clock, states, connections } = await enteredRoom()
    for (let round = 0; round < 5; round++) {
      clock.advance(35_000)
      if (round % 2 === 0) newest().say({ type: 'pong', ref: round + 1 })
      else newest().trickle()
    }
    expect(states.at(-1)).toEqual({ status: 'connected' })
    expect(connections.length).toBe(1)
  })
})

describe('what is not answered yet', () => {
  it('is bounded: nothing more is posted until half of it is answered', async () => {
    const { room, newest } = await enteredRoom({}, { unansweredCommands: 4 })
    const lines = ['1', '2', '3', '4'].map((text) => ({ type: 'say', text }) as const)
    expect(room.post(lines)).toBe('accepted')
    expect(room.post(lines.slice(0, 1))).toBe('full')
    expect(await room.send({ type: 'say', text: '5' })).toMatchObject({ code: 'BUSY' })
    let ready = false
    const waited = room.ready().then(() => {
      ready = true
    })
    const [first, second] = newest().commands
    newest().say(ack(first?.ref))
    await Promise.resolve()
    expect(ready).toBe(false)
    newest().say(ack(second?.ref, 2))
    await waited
    expect(room.post(lines.slice(0, 1))).toBe('accepted')
  })

  it('is counted in bytes too', async () => {
    const { room } = await enteredRoom({}, { unansweredBytes: 10_000 })
    expect(room.post([{ type: 'say', text: 'x'.repeat(11_000) }])).toBe('accepted')
    expect(room.post([{ type: 'say', text: 'x' }])).toBe('full')
  })

  it('tells what became of posted commands that were refused', async () => {
    const { room, newest } = await enteredRoom()
    const refusals: unknown[] = []
    room.refusals$.subscribe((why) => refusals.push(why))
    room.post([{ type: 'whisper', to: 'nobody', text: 'x' }])
    newest().say({ type: 'rejected', ref: newest().commands[0]?.ref ?? 0, code: 'NO_SUCH_MEMBER', message: 'who?' })
    expect(refusals).toEqual([{ type: 'rejected', code: 'NO_SUCH_MEMBER', message: 'who?' }])
  })

  it('is nothing that would end the connection: it is refused here', async () => {
    const { room, newest } = await enteredRoom()
    const long = await room.send({ type: 'say', text: 'x'.repeat(66_000) })
    const odd = await room.send({ type: 'say', text: 'x', id: 'no spaces' })
    expect([long, odd]).toMatchObject([{ code: 'LINE_TOO_LONG' }, { code: 'BAD_COMMAND' }])
    expect(newest().commands).toEqual([])
  })
})

describe('leaving', () => {
  it('says so behind what was sent, and resolves when the host has hung up', async () => {
    const { room, newest, states, clock } = await enteredRoom()
    const last = room.send({ type: 'say', text: 'sampai jumpa' })
    const left = room.leave('left')
    expect(newest().heard.at(-1)).toEqual({ type: 'leave' })
    newest().say(ack(newest().commands[0]?.ref, 7))
    newest().cut()
    await left
    expect(await last).toMatchObject({ type: 'ack', seq: 7 })
    expect(states.at(-1)).toMatchObject({ status: 'closed' })
    expect(clock.waiting).toBe(0)
    await room.leave('again')
  })

  it('does not wait long for a host that does not hang up, and not at all for one that is away', async () => {
    const first = await enteredRoom()
    const left = first.room.leave('left')
    first.clock.advance(2000)
    await left
    expect(first.newest().status).toBe('dropped')
    const second = await enteredRoom()
    second.newest().cut()
    await second.room.leave('left')
    expect(second.clock.waiting).toBe(0)
    expect(second.states.at(-1)).toEqual({ status: 'closed', why: 'left' })
  })
})
