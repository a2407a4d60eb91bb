import { describe, expect, it } from 'vitest'
import type { ClientCommand } from '#domain/room/commands.ts'
import { connect, disconnect, forget } from '#domain/room/connections.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { holdersOf } from '#domain/room/receipts.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, MAX_TEXT_BYTES, offered, said, whole } from '../../../harness/people.ts'

const here = [joined(ani), joined(budi)]
const offeredEvent = { type: 'fileOffered', seq: 1, at: AT, by: ani, file: offered } as const
const completed = { type: 'fileCompleted', seq: 2, at: AT, by: ani, file: whole } as const

describe('coming and going', () => {
  it('who joins has joined, also an empty room', () => given().when(ani, { type: 'join' }).then(joined(ani)))
  it('who leaves has left, and the reason is told', () =>
    given(...here)
      .when(ani, { type: 'leave', reason: 'connection lost' })
      .then({ type: 'left', by: ani, reason: 'connection lost' }))
  it('who has another name now is told with the one before', () =>
    given(...here)
      .when(ani, { type: 'rename', name: 'anita' })
      .then({ type: 'renamed', by: { id: ani.id, name: 'anita' }, from: 'ani' }))
  it('nothing is told of the name that a member has already', () =>
    given(...here)
      .when(ani, { type: 'rename', name: 'ani' })
      .known(0))
  it('a second change starts from the first', () =>
    given(...here, { type: 'renamed', by: { id: ani.id, name: 'anita' }, from: 'ani' })
      .when(ani, { type: 'rename', name: 'ani' })
      .then({ type: 'renamed', by: ani, from: 'anita' }))
})

describe('a member with several connections', () => {
  /** The members are there by connections from these addresses. */
  const withConnections = (events: readonly RoomEvent[], ...addresses: readonly (readonly [Member, string])[]) => {
    const room = given(...events)
    const made = addresses.map(([{ id }, address]) => connect(room.state, id, { person: id, address }, true))
    return { ...room, end: (index: number) => disconnect(room.state, addresses[index]?.[0].id ?? '', made[index]!) }
  }
  const twice = [
    [ani, '10.0.0.1'],
    [ani, '10.0.0.2'],
  ] as const

  it('joins once', () =>
    withConnections(here, ...twice)
      .when(ani, { type: 'join' })
      .known(0))
  it('has not left with one of them', () => {
    const room = withConnections(here, ...twice)
    room.end(0)
    room.when(ani, { type: 'leave', reason: 'left' }).known(0)
  })
  it('leaves with the last', () => {
    const room = withConnections(here, ...twice)
    room.end(0)
    room.end(1)
    room.when(ani, { type: 'leave', reason: 'left' }).then({ type: 'left', by: ani, reason: 'left' })
  })
  it('stays for a connection that is about to join', () => {
    const room = withConnections(here, [ani, '10.0.0.1'])
    room.end(0)
    connect(room.state, ani.id, { person: ani.id }, true)
    room.when(ani, { type: 'leave', reason: 'left' }).known(0)
  })
  it('may come in by another while the room is locked', () =>
    withConnections([...here, { type: 'locked', seq: 1, at: AT, by: budi }], ...twice)
      .when(ani, { type: 'join' })
      .known(1))
  it('may not come in by one from an address that is banned, and stays by the other', () => {
    const ban = { type: 'banned', seq: 1, at: AT, by: budi, name: '10.0.0.2' } as const
    const room = withConnections([...here, ban], ...twice)
    room.when(ani, { type: 'join' }).refused('BANNED')
    room.end(1)
    room.when(ani, { type: 'say', text: 'halo' }).accepted()
  })
  it('is hidden while only hidden ones are left, and can still read', () => {
    const room = withConnections(here, [ani, '10.0.0.1'])
    connect(room.state, ani.id, { person: ani.id }, false)
    room.end(0)
    evolve(room.state, { type: 'left', by: ani, reason: 'left' })
    expect([room.state.members.has(ani.id), room.state.hidden.has(ani.id)]).toEqual([false, true])
    room.when(ani, { type: 'say', text: 'halo' }).accepted()
    room.when(ani, { type: 'join' }).then(joined(ani))
  })
  it('is forgotten with all that is noted of it once the last is over', () => {
    const room = withConnections(here, ...twice)
    for (const index of [0, 1]) room.end(index)
    evolve(room.state, { type: 'left', by: ani, reason: 'left' })
    forget(room.state, ani.id)
    for (const notes of ['connections', 'origins', 'skeletons', 'restrained', 'hidden', 'members'] as const)
      expect(room.state[notes].has(ani.id), notes).toBe(false)
  })
})

describe('talking', () => {
  it('a line gets the next sequence, the time and its author', () =>
    given(...here, said(1), said(2))
      .when(ani, { type: 'say', text: 'halo' })
      .then({ type: 'said', seq: 3, at: AT, by: ani, text: 'halo' }))
  it('the author is called as the room knows them, not as the command does', () =>
    given(...here, { type: 'renamed', by: { id: ani.id, name: 'anita' }, from: 'ani' })
      .when(ani, { type: 'say', text: 'halo' })
      .then({ type: 'said', seq: 1, at: AT, by: { id: ani.id, name: 'anita' }, text: 'halo' }))
  it('a deed is told as one', () =>
    given(...here)
      .when(ani, { type: 'act', text: 'waves' })
      .then({ type: 'acted', seq: 1, at: AT, by: ani, text: 'waves' }))
  it('a topic is set', () =>
    given(...here)
      .when(ani, { type: 'setTopic', topic: 'songs' })
      .then({ type: 'topicSet', seq: 1, at: AT, by: ani, topic: 'songs' }))
  it('line ends at the end are no part of a text', () =>
    given(...here)
      .when(ani, { type: 'say', text: 'halo\r\n' })
      .then({ type: 'said', seq: 1, at: AT, by: ani, text: 'halo' }))

  for (const type of ['say', 'act', 'whisper', 'setTopic'] as const) {
    const asking = (text: string): ClientCommand => {
      if (type === 'setTopic') return { type, topic: text }
      return type === 'whisper' ? { type, to: 'budi', text } : { type, text }
    }
    if (type !== 'setTopic')
      it(`${type} refuses no text`, () =>
        given(...here)
          .when(ani, asking(''))
          .refused('BAD_TEXT'))
    it(`${type} refuses half a character`, () =>
      given(...here)
        .when(ani, asking('\ud800'))
        .refused('BAD_TEXT'))
    it(`${type} takes what just fits and refuses a byte more`, () => {
      given(...here)
        .when(ani, asking('é'.repeat(MAX_TEXT_BYTES / 2)))
        .accepted()
      given(...here)
        .when(ani, asking(`${'é'.repeat(MAX_TEXT_BYTES / 2)}a`))
        .refused('LINE_TOO_LONG')
    })
  }
})

describe('whispering', () => {
  it('reaches the one of that name', () =>
    given(...here)
      .when(ani, { type: 'whisper', to: 'budi', text: 'psst' })
      .then({ type: 'whispered', seq: 1, at: AT, by: ani, to: budi, text: 'psst' }))
  it('reaches oneself', () =>
    given(...here)
      .when(ani, { type: 'whisper', to: 'ani', text: 'psst' })
      .then({ type: 'whispered', seq: 1, at: AT, by: ani, to: ani, text: 'psst' }))
  it('is refused where nobody has that name', () =>
    given(...here)
      .when(ani, { type: 'whisper', to: 'cici', text: 'psst' })
      .refused('NO_SUCH_MEMBER'))
  it('is refused where its addressee has left', () =>
    given(...here, { type: 'left', by: budi, reason: 'left' })
      .when(ani, { type: 'whisper', to: 'budi', text: 'psst' })
      .refused('NO_SUCH_MEMBER'))
  it('is refused where several guests share the name, rather than reach the wrong one', () =>
    given(...here, joined({ id: 'm8', name: '10.0.0.9' }), joined({ id: 'm9', name: '10.0.0.9' }))
      .when(ani, { type: 'whisper', to: '10.0.0.9', text: 'psst' })
      .refused('NO_SUCH_MEMBER'))
})

describe('files', () => {
  it('an offer is told, by whoever has left meanwhile too', () =>
    given(joined(budi)).when(ani, { type: 'offerFile', file: offered }).then(offeredEvent))
  it('a whole file is told', () =>
    given(...here, offeredEvent)
      .when(ani, { type: 'completeFile', file: whole })
      .then(completed))
  it('a withdrawn file is told with its name, of which only its sender knew', () =>
    given(...here, offeredEvent)
      .when(ani, { type: 'withdrawFile', file: 'f1', reason: 'cut' })
      .then({ type: 'fileWithdrawn', seq: 2, at: AT, by: ani, file: { id: 'f1', name: offered.name }, reason: 'cut' }))
  it('an upload that was taken away at another host does not become whole', () =>
    given(...here, offeredEvent, { type: 'fileWithdrawn', seq: 2, at: AT, by: ani, file: offered, reason: 'gone' })
      .when(ani, { type: 'completeFile', file: whole, isOffered: true })
      .refused('NO_SUCH_FILE'))
  it('an offer tells at which host its bytes come in', () =>
    given(joined(budi))
      .when(ani, { type: 'offerFile', file: offered, home: 'a' })
      .then({ ...offeredEvent, home: 'a' } as RoomEvent))
  describe('given an upload that came in at a, then it goes on at b', () => {
    const at = (home: string): RoomEvent => ({ ...offeredEvent, home }) as RoomEvent
    const moved = given(...here, at('a'), { ...at('b'), seq: 2 } as RoomEvent)
    const end = { type: 'completeFile', file: whole, isOffered: true } as const
    it('where the room takes b for its home instead of a, of which only one host can be the first', () => {
      const takeOver = { type: 'offerFile', file: offered, home: 'b', instead: 'a' } as const
      given(...here, at('a'))
        .when(ani, takeOver)
        .then({ ...at('b'), seq: 2 } as RoomEvent)
      moved.when(ani, { ...takeOver, home: 'c' }).refused('NO_SUCH_FILE')
      given(...here)
        .when(ani, takeOver)
        .refused('NO_SUCH_FILE')
    })
    it('and a says nothing of it any more, neither its end nor its size', () => {
      moved.when(ani, { ...end, home: 'a' }).refused('NO_SUCH_FILE')
      moved.when(ani, { type: 'withdrawFile', file: 'f1', reason: 'cut', home: 'a' }).refused('NO_SUCH_FILE')
      moved.when(ani, { type: 'offerFile', file: offered, home: 'a' }).refused('NO_SUCH_FILE')
      moved.when(ani, { ...end, home: 'b' }).then({ ...completed, seq: 3 } as RoomEvent)
    })
    it('nor does any host once it is whole', () => {
      const ended = given(...here, at('b'), completed)
      ended.when(ani, { ...end, home: 'b' }).refused('NO_SUCH_FILE')
      ended.when(ani, { type: 'offerFile', file: offered, home: 'c', instead: 'b' }).refused('NO_SUCH_FILE')
    })
  })
  it('a file that the room never heard of is not withdrawn', () =>
    given(...here)
      .when(ani, { type: 'withdrawFile', file: 'f1', reason: 'cut' })
      .refused('NO_SUCH_FILE'))
  it('a file is withdrawn once', () =>
    given(...here, offeredEvent, { ...completed, type: 'fileWithdrawn', reason: 'cut' })
      .when(ani, { type: 'withdrawFile', file: 'f1', reason: 'cut' })
      .refused('NO_SUCH_FILE'))
  it('who has a file whole says so', () =>
    given(...here, offeredEvent, completed)
      .when(budi, { type: 'receiveFile', file: 'f1' })
      .then({ type: 'fileReceived', seq: 3, at: AT, by: budi, file: { id: 'f1', name: whole.name, size: whole.size } }))
  it('who said so before says nothing new, also under the same name another time', () => {
    const received = { type: 'fileReceived', seq: 3, at: AT, by: budi, file: { id: 'f1', name: whole.name } } as const
    const command = { type: 'receiveFile', file: 'f1' } as const
    const room = given(...here, offeredEvent, completed, received, said(4), joined({ id: 'm9', name: 'budi' }))
    room.when(budi, command).known(4)
    room.when({ id: 'm9', name: 'budi' }, command).known(4)
    room.when(ani, command).accepted()
  })
  it('a receipt is one for each person, however often they change their name', () => {
    const renamed = { ...budi, name: 'budiman' }
    const received = { type: 'fileReceived', seq: 3, at: AT, by: budi, file: { id: 'f1', name: whole.name } } as const
    given(...here, offeredEvent, completed, received, { type: 'renamed', by: renamed, from: 'budi' })
      .when(renamed, { type: 'receiveFile', file: 'f1' })
      .known(3)
  })
  describe('the last byte of a file was served', () => {
    const command = { type: 'serveFile', file: 'f1' } as const
    const file = { id: 'f1', name: whole.name, size: whole.size }
    const served = { type: 'fileServed', seq: 3, at: AT, by: budi, file } as const
    const there = [...here, offeredEvent, completed]

    it('to a member: they have it, once', () => {
      given(...there)
        .when(budi, command)
        .then(served)
      given(...there, served)
        .when(budi, command)
        .known(3)
      given(...there, { ...served, type: 'fileReceived' })
        .when(budi, command)
        .known(3)
    })
    it('to its sender, also under the key that owns the upload: that is no news', () => {
      given(...there)
        .when(ani, command)
        .known(2)
      given(...here, { ...completed, by: cici, owner: budi.id })
        .when(budi, command)
        .known(2)
    })
    it('to somebody who is no member, or may not see it', () => {
      given(...there)
        .when({ id: 'm9', name: 'budi' }, command)
        .known(2)
      const some = { ...whole, audience: { from: ani, to: cici } }
      given(...here, { ...completed, file: some })
        .when(budi, command)
        .refused('NO_SUCH_FILE')
      given(...here, offeredEvent)
        .when(budi, command)
        .refused('NO_SUCH_FILE')
    })
    it('it is not counted for the sender, and for nobody who has left or is not meant', () => {
      const room = given(...there, joined(cici), served, { ...served, type: 'fileReceived', seq: 4, by: ani })
      const holders = () => {
        const { has, of } = holdersOf(room.state, room.state.files.get('f1') as RoomFile)
        return [has.map(({ name }) => name), of]
      }
      expect(holders()).toEqual([['budi'], 2])
      evolve(room.state, { ...served, type: 'fileReceived', seq: 5, by: cici })
      expect(holders()).toEqual([['budi', 'cici'], 2])
      evolve(room.state, { type: 'renamed', by: { ...budi, name: 'bu' }, from: 'budi' })
      evolve(room.state, { type: 'left', by: cici, reason: 'left' })
      expect(holders()).toEqual([['bu'], 1])
      evolve(room.state, { type: 'left', by: ani, reason: 'left' })
      expect(holders()).toEqual([['bu'], 1])
    })
  })
  it('there are so many receipts of a file and no more, and half of them for who is not listed', () => {
    const of = (index: number) =>
      ({
        type: 'fileReceived',
        seq: 3 + index,
        at: AT,
        by: { id: `r${index}`, name: `n${index}` },
        file: { id: 'f1', name: 'a' },
      }) as const
    const receipts = (count: number) => Array.from({ length: count }, (_, index) => of(index))
    const command = { type: 'receiveFile', file: 'f1' } as const
    const room = (count: number) => {
      const made = given(...here, offeredEvent, completed, ...receipts(count))
      made.state.hidden.set(cici.id, cici)
      return made
    }
    room(3).when(cici, command).accepted()
    room(4).when(cici, command).refused('NOT_ALLOWED')
    room(7).when(budi, command).accepted()
    room(8).when(budi, command).refused('NOT_ALLOWED')
  })
  it('nobody has a file whole that is still arriving', () =>
    given(...here, offeredEvent)
      .when(budi, { type: 'receiveFile', file: 'f1' })
      .refused('NO_SUCH_FILE'))
  it('nobody has a file that is not there', () =>
    given(...here)
      .when(budi, { type: 'receiveFile', file: 'f1' })
      .refused('NO_SUCH_FILE'))
})

describe('who is not in the room', () => {
  const asks: readonly ClientCommand[] = [
    { type: 'say', text: 'halo' },
    { type: 'act', text: 'waves' },
    { type: 'whisper', to: 'budi', text: 'psst' },
    { type: 'setTopic', topic: 'songs' },
    { type: 'rename', name: 'cicilia' },
    { type: 'receiveFile', file: 'f1' },
  ]
  for (const command of asks)
    it(`may not ${command.type}`, () =>
      given(...here, offeredEvent, completed)
        .when(cici, command)
        .refused('NOT_A_MEMBER'))
  it('cannot leave', () =>
    given(...here)
      .when(cici, { type: 'leave', reason: 'left' })
      .refused('NOT_A_MEMBER'))
  it('is also who has the name of somebody who is', () =>
    given(...here)
      .when({ id: 'm9', name: 'ani' }, { type: 'say', text: 'halo' })
      .refused('NOT_A_MEMBER'))
})

describe('removal', () => {
  const past = [joined(ani), joined(budi), joined({ ...cici, role: 'op' }), said(1), offeredEvent, completed]
  const author = { author: ani }
  it("of one's own message", () =>
    given(...past)
      .when(ani, { type: 'removeMessage', seq: 1, message: author })
      .then({ type: 'messageRemoved', seq: 3, at: AT, by: ani, target: 1 }))
  it("of somebody else's message is for operators", () => {
    given(...past)
      .when(budi, { type: 'removeMessage', seq: 1, message: author })
      .refused('NOT_ALLOWED')
    given(...past)
      .when(cici, { type: 'removeMessage', seq: 1, message: author })
      .then({ type: 'messageRemoved', seq: 3, at: AT, by: cici, target: 1 })
  })
  it('of a message that nobody has read is refused', () =>
    given(...past)
      .when(cici, { type: 'removeMessage', seq: 1 })
      .refused('NO_SUCH_MESSAGE'))
  it('of a whisper is told to those who have it', () => {
    const audience = { from: ani, to: budi }
    given(...past)
      .when(ani, { type: 'removeMessage', seq: 1, message: { author: ani, audience } })
      .then({ type: 'messageRemoved', seq: 3, at: AT, by: ani, target: 1, audience })
  })
  it("of one's own file names who sent it and who removed it", () => {
    const { size: _, sha256: __, ...file } = whole
    const fileWithdrawn = { type: 'fileWithdrawn', seq: 3, at: AT, by: ani, file } as const
    given(...past)
      .when(ani, { type: 'removeFile', file: whole.id })
      .then({ ...fileWithdrawn, reason: 'removed by ani', removedBy: ani })
    given(...past)
      .when(cici, { type: 'removeFile', file: whole.id })
      .then({ ...fileWithdrawn, reason: 'removed by cici', removedBy: cici })
    given(...past)
      .when(budi, { type: 'removeFile', file: whole.id })
      .refused('NOT_ALLOWED')
  })
  it('of a file on its way, by the one whose upload it is', () =>
    given(...past, {
      ...offeredEvent,
      seq: 3,
      file: { ...offered, id: 'f2' },
      by: { id: 'old', name: 'ani' },
      owner: ani.id,
    })
      .when(ani, { type: 'removeFile', file: 'f2' })
      .allowed())
  it('of a file that is not there, or that one may not see, is refused alike', () => {
    given(...past)
      .when(cici, { type: 'removeFile', file: 'nothing' })
      .refused('NO_SUCH_FILE')
    given(...past, { ...completed, seq: 3, file: { ...whole, id: 'f2', audience: { from: ani, to: ani } } })
      .when(cici, { type: 'removeFile', file: 'f2' })
      .refused('NO_SUCH_FILE')
  })
  it('of everything, for the owner', () =>
    given(joined({ ...ani, role: 'owner' }), said(1), said(2))
      .when({ ...ani, role: 'owner' }, { type: 'clear' })
      .then({ type: 'cleared', seq: 3, at: AT, by: ani, upTo: 2 }))
})
