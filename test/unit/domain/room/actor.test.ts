import { describe, expect, it, vi } from 'vitest'
import { rejected } from '#domain/errors.ts'
import { RoomActor } from '#domain/room/actor.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { mailOf, say, saying } from '../../../harness/mail.ts'
import { AT, ani, budi, limits, offered, seqsOf, textsOf, whole } from '../../../harness/people.ts'
import { turn } from '../../../harness/turns.ts'

function actor(some: Partial<typeof limits> = {}) {
  const wake = vi.fn()
  const room = new RoomActor('lobby', undefined, [], { ...limits, ...some }, wake)
  const shown: RoomEvent[] = []
  room.batches$.subscribe((batch) => shown.push(...batch.events))
  const commit = () => {
    const pending = room.prepare(AT)
    room.keep(pending)
    room.publish(pending)
    return pending
  }
  return { room, wake, shown, commit }
}

/** A room with ani in it, and nothing shown yet. */
function withAni(some: Partial<typeof limits> = {}) {
  const made = actor(some)
  made.room.tell(mailOf(ani, { type: 'join' }))
  made.commit()
  made.shown.length = 0
  return made
}

describe('a mailbox', () => {
  it('wakes the loop for each mail', () => {
    const { room, wake } = actor()
    room.post(saying(ani, 'a'))
    room.tell(saying(ani, 'a'))
    expect(wake.mock.calls).toEqual([[room], [room]])
  })
  it('is full once so many commands wait, and takes none of a mail then', () => {
    const { room, commit, shown } = withAni({ mailboxCommands: 3 })
    expect(room.post(saying(ani, 'a', 'b'))).toBe('accepted')
    expect(room.post(saying(ani, 'c', 'd'))).toBe('accepted')
    expect(room.post(saying(ani, 'e'))).toBe('full')
    commit()
    expect(textsOf(shown)).toEqual(['a', 'b', 'c', 'd'])
    expect(room.post(saying(ani, 'f'))).toBe('accepted')
  })
  it('is full once so many characters wait', () => {
    const { room } = withAni({ mailboxChars: 10 })
    expect(room.post(saying(ani, '12345', '1234'))).toBe('accepted')
    expect(room.post(saying(ani, '1'))).toBe('accepted')
    expect(room.post(saying(ani, ''))).toBe('full')
  })
  it('takes what must not get lost, however full it is', () => {
    const { room, commit, shown } = withAni({ mailboxCommands: 1 })
    room.post(saying(ani, 'a'))
    room.tell(mailOf(budi, { type: 'join' }))
    commit()
    expect(shown.map(({ type }) => type)).toEqual(['said', 'joined'])
  })
  it('releases those that wait for room, once, after a commit', async () => {
    const { room, commit } = withAni({ mailboxCommands: 1 })
    const drained = vi.fn()
    room.post(saying(ani, 'a'))
    void room.drained().then(drained)
    const pending = room.prepare(AT)
    await turn()
    expect(drained).not.toHaveBeenCalled()
    room.keep(pending)
    room.publish(pending)
    await turn()
    expect(drained).toHaveBeenCalledTimes(1)
    commit()
    await turn()
    expect(drained).toHaveBeenCalledTimes(1)
  })
  it('releases nobody while it is full again', async () => {
    const { room, commit } = withAni({ mailboxCommands: 1 })
    const drained = vi.fn()
    room.post(saying(ani, 'a'))
    void room.drained().then(drained)
    const pending = room.prepare(AT)
    room.post(saying(ani, 'b'))
    room.keep(pending)
    room.publish(pending)
    await turn()
    expect(drained).not.toHaveBeenCalled()
    commit()
    await turn()
    expect(drained).toHaveBeenCalledTimes(1)
  })
  it('lets nobody wait where there is room', async () => {
    await expect(withAni().room.drained()).resolves.toBeUndefined()
  })
  it('releases one that has filled it and waits once more at a later commit', async () => {
    const { room, commit } = withAni({ mailboxCommands: 1 })
    let released = 0
    const again = () => {
      if (++released > 3) return
      room.post(saying(ani, 'more'))
      void room.drained().then(again)
    }
    again()
    commit()
    await turn()
    expect(released).toBe(2)
    commit()
    await turn()
    expect(released).toBe(3)
  })
})

describe('a pending batch', () => {
  it('takes of one room no more than one commit may, in order, and asks for another', () => {
    const { room, wake, commit, shown } = withAni({ mailboxCommands: 1000, commitCommands: 3 })
    for (const text of ['a', 'b', 'c', 'd', 'e']) room.post(saying(ani, text))
    wake.mockClear()
    commit()
    expect(textsOf(shown)).toEqual(['a', 'b', 'c'])
    expect(wake).toHaveBeenCalledTimes(1)
    commit()
    expect(textsOf(shown)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(wake).toHaveBeenCalledTimes(1)
  })
  it('counts against the mailbox what it left there', () => {
    const { room } = withAni({ mailboxCommands: 2, commitCommands: 1 })
    for (const text of ['a', 'b']) room.post(saying(ani, text))
    room.prepare(AT)
    expect(room.post(saying(ani, 'c'))).toBe('accepted')
    expect(room.post(saying(ani, 'd'))).toBe('full')
  })
  it('counts the characters it left there too', () => {
    const { room } = withAni({ mailboxChars: 10, commitCommands: 1 })
    for (const text of ['a', '123456789']) room.post(saying(ani, text))
    room.prepare(AT)
    expect(room.post(saying(ani, '1'))).toBe('accepted')
    expect(room.post(saying(ani, '1'))).toBe('full')
  })
  it('numbers entries densely over refusals and presence', () => {
    const { room, commit, shown } = withAni()
    room.post(mailOf(ani, say('a'), say(''), { type: 'rename', name: 'anita' }, say('b')))
    commit()
    expect(seqsOf(shown)).toEqual([1, 2])
    expect(room.state.last).toBe(2)
    expect(shown.map(({ type }) => type)).toEqual(['said', 'renamed', 'said'])
  })
  it('tells the author of each refused command', () => {
    const { room } = withAni()
    const mail = mailOf(ani, say(''), say('a'), say(''))
    room.post(mail)
    room.prepare(AT)
    expect(mail.refusals.map(({ code }) => code)).toEqual(['BAD_TEXT', 'BAD_TEXT'])
  })
  it('C65 lets later commands see earlier presence: who has joined may speak, who has left may not', () => {
    const { room, commit, shown } = actor()
    room.tell(mailOf(budi, { type: 'join' }, say('halo'), { type: 'rename', name: 'budiman' }, say('me again')))
    const after = mailOf(budi, { type: 'leave', reason: 'left' }, say('too late'))
    room.tell(after)
    commit()
    expect(shown.map((event) => [event.type, 'by' in event && event.by.name])).toEqual([
      ['joined', 'budi'],
      ['said', 'budi'],
      ['renamed', 'budiman'],
      ['said', 'budiman'],
      ['left', 'budiman'],
    ])
    expect(after.refusals.map(({ code }) => code)).toEqual(['NOT_A_MEMBER'])
  })
  it('does not let later commands see entries that are not committed', () => {
    const { room, commit } = withAni()
    const mail = mailOf(ani, { type: 'offerFile', file: offered }, { type: 'withdrawFile', file: 'f1', reason: '' })
    room.tell(mail)
    commit()
    expect(mail.refusals.map(({ code }) => code)).toEqual(['NO_SUCH_FILE'])
    expect(room.state.files.get('f1')?.status).toBe('offered')
  })
  it('has one entry for an id that comes twice, also from another mail', () => {
    const { room, commit, shown } = withAni()
    const [first, second] = [mailOf(ani, say('a', 'x'), say('a', 'x')), mailOf(ani, say('a', 'x'), say('b', 'y'))]
    room.post(first)
    room.post(second)
    commit()
    expect(textsOf(shown)).toEqual(['a', 'b'])
    const ack = (seq: number, duplicate: boolean) => ({ type: 'ack', seq, duplicate })
    expect(first.acks).toEqual([ack(1, false), ack(1, true)])
    expect(second.acks).toEqual([ack(2, false), ack(1, true)])
  })
  it('keeps one receipt of each for a file, told twice at once or later', () => {
    const { room, commit, shown } = withAni()
    room.tell(mailOf(ani, { type: 'completeFile', file: whole }))
    commit()
    const receipt = { type: 'receiveFile', file: whole.id } as const
    const [first, second, third] = [mailOf(ani, receipt, receipt), mailOf(ani, receipt), mailOf(ani, receipt)]
    room.post(first)
    room.post(second)
    commit()
    room.post(third)
    commit()
    const again = { type: 'ack', seq: 2, duplicate: true }
    expect(first.acks).toEqual([{ type: 'ack', seq: 2, duplicate: false }, again])
    expect([second.acks, third.acks]).toEqual([[again], [again]])
    expect(shown.map(({ type }) => type)).toEqual(['fileCompleted', 'fileReceived'])
    expect(room.state.files.get(whole.id)).toMatchObject({ received: new Map([['ani', AT]]) })
  })
  it('keeps one receipt of a person, also under a name that they take between two at once', () => {
    const { room, commit, shown } = withAni()
    room.tell(mailOf(ani, { type: 'completeFile', file: whole }))
    commit()
    const receipt = { type: 'receiveFile', file: whole.id } as const
    room.post(mailOf(ani, receipt, { type: 'rename', name: 'anita' }, receipt))
    commit()
    room.post(mailOf(ani, { type: 'rename', name: 'anto' }, receipt))
    commit()
    expect(shown.filter(({ type }) => type === 'fileReceived')).toHaveLength(1)
  })
  it('does not take a refused command for the first of its id', () => {
    const { room, commit, shown } = withAni()
    room.post(mailOf(ani, say('', 'x'), say('a', 'x')))
    commit()
    expect(textsOf(shown)).toEqual(['a'])
  })
  it('is stamped with the time it is asked with', () => {
    const { room } = withAni()
    room.post(saying(ani, 'a'))
    expect(room.prepare(42).batch.entries[0]?.at).toBe(42)
  })
})

describe('a commit', () => {
  it('changes what the room knows, shows it, then acknowledges it, in this order', async () => {
    const { room } = withAni({ mailboxCommands: 1 })
    const order: string[] = []
    room.batches$.subscribe(() => order.push(`shown at ${room.state.last}`))
    room.post({ ...saying(ani, 'a'), committed: ({ seq }) => order.push(`acknowledged ${seq}`) })
    void room.drained().then(() => order.push('drained'))
    const pending = room.prepare(AT)
    room.keep(pending)
    room.publish(pending)
    await turn()
    expect(order).toEqual(['shown at 1', 'acknowledged 1', 'drained'])
  })
  it('shows nothing where nothing was decided, but answers', () => {
    const { room, commit } = withAni()
    const batches = vi.fn()
    room.batches$.subscribe(batches)
    room.post(saying(ani, ''))
    commit()
    expect(batches).not.toHaveBeenCalled()
  })
  it('shows one batch, however many mails it is of', () => {
    const { room, commit } = withAni()
    const batches = vi.fn()
    room.batches$.subscribe(batches)
    for (const text of ['a', 'b', 'c']) room.post(saying(ani, text))
    commit()
    expect(batches).toHaveBeenCalledTimes(1)
  })
  it('that is refused shows presence and no entry, and the sequence stays where it was', async () => {
    const { room, shown, commit } = withAni({ mailboxCommands: 2 })
    const mail = saying(ani, 'a')
    room.tell(mailOf(budi, { type: 'join' }))
    room.post(mail)
    const drained = vi.fn()
    void room.drained().then(drained)
    room.refuse(room.prepare(AT), rejected('READ_ONLY', 'full'))
    await turn()
    expect(shown.map(({ type }) => type)).toEqual(['joined'])
    expect(mail.refusals.map(({ code }) => code)).toEqual(['READ_ONLY'])
    expect(mail.acks).toEqual([])
    expect(drained).toHaveBeenCalled()
    room.post(saying(ani, 'b'))
    commit()
    expect(seqsOf(shown)).toEqual([1])
  })
})

describe('a room that is read back', () => {
  it('goes on where it was, with its topic and files', () => {
    const facts = [
      { type: 'topicSet', seq: 3, at: AT, by: ani, topic: 'songs' },
      { type: 'fileCompleted', seq: 5, at: AT, by: ani, file: whole },
    ] as const
    const room = new RoomActor('lobby', { first: 2, last: 9 }, facts, limits, () => {})
    expect(room.state).toMatchObject({ rules: { topic: 'songs' }, last: 9 })
    expect([...room.state.files.keys()]).toEqual(['f1'])
    expect(room.first).toBe(2)
    room.tell(mailOf(ani, { type: 'join' }, say('a')))
    expect(seqsOf(room.prepare(AT).batch.events)).toEqual([10])
  })
  it('has a history from 1 where it is new', () => {
    expect(actor().room.first).toBe(1)
    expect(actor().room.state.last).toBe(0)
  })
})

describe('a room that closes', () => {
  it('completes the stream of everyone who follows it', () => {
    const { room } = actor()
    const complete = vi.fn()
    room.batches$.subscribe({ complete })
    expect(room.observed).toBe(true)
    room.close()
    expect(complete).toHaveBeenCalled()
    expect(room.observed).toBe(false)
  })
  it('gives nobody its subject', () => expect(actor().room.batches$).not.toHaveProperty('next'))
})
