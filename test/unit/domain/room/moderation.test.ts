import { describe, expect, it } from 'vitest'
import { decide } from '#domain/room/decide.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { muteOf } from '#domain/room/moderation.ts'
import { noteSpoken } from '#domain/room/slow-mode.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, MAX_TEXT_BYTES } from '../../../harness/people.ts'

const host: Member = { id: 'm0', name: 'host', role: 'owner' }
const asHost = { at: AT, by: { id: 'm0', name: 'host' } }
const opped = (to: Member, seq = 1): RoomEvent => ({ type: 'opped', seq, ...asHost, to, person: to.id })
const here = [joined(host), joined(ani), joined(budi), joined(cici), opped(ani)]
const asAni = { seq: 2, at: AT, by: ani }

describe('kicking', () => {
  it('is the leaving of the one who is kicked, with who and why', () =>
    given(...here)
      .when(ani, { type: 'kick', name: 'budi', reason: 'flooding' })
      .then({ type: 'left', by: budi, reason: 'kicked by ani: flooding', kickedBy: ani }))
  it('needs no reason', () =>
    given(...here)
      .when(ani, { type: 'kick', name: 'budi' })
      .then({ type: 'left', by: budi, reason: 'kicked by ani', kickedBy: ani }))
  it('finds a name by its look', () =>
    given(...here)
      .when(ani, { type: 'kick', name: 'BUD1' })
      .then({ type: 'left', by: budi, reason: 'kicked by ani', kickedBy: ani }))
  it('finds nobody who is not here', () =>
    given(...here)
      .when(ani, { type: 'kick', name: 'dodi' })
      .refused('NO_SUCH_MEMBER'))
  it('hits no one of several who share an address', () =>
    given(...here, joined({ id: 'm8', name: '10.0.0.9' }), joined({ id: 'm9', name: '10.0.0.9' }))
      .when(ani, { type: 'kick', name: '10.0.0.9' })
      .refused('NO_SUCH_MEMBER'))
  it('refuses a reason that is too long', () =>
    given(...here)
      .when(ani, { type: 'kick', name: 'budi', reason: 'x'.repeat(MAX_TEXT_BYTES + 1) })
      .refused('LINE_TOO_LONG'))
  it.each([['budi'], ['cici']])('hits %s, a member', (name) =>
    given(...here)
      .when(ani, { type: 'kick', name })
      .accepted(),
  )
  it.each([['host'], ['ani'], ['budi']])('does not hit %s, who is not below', (name) =>
    given(...here, opped(budi, 2))
      .when(ani, { type: 'kick', name })
      .refused('NOT_ALLOWED'),
  )
  it('an owner kicks an op', () =>
    given(...here)
      .when(host, { type: 'kick', name: 'ani' })
      .accepted())
})

describe('muting and banning', () => {
  const FACT = { mute: 'muted', ban: 'banned' } as const
  for (const type of ['mute', 'ban'] as const) {
    it(`${type} is a fact of the room, with the reason`, () =>
      given(...here)
        .when(ani, { type, name: 'budi', reason: 'flooding' })
        .then({ type: FACT[type], ...asAni, name: 'budi', reason: 'flooding', persons: [budi.id] }))
    it(`${type} tells the name as whoever is here has it`, () =>
      given(...here)
        .when(ani, { type, name: 'BUD1' })
        .then({ type: FACT[type], ...asAni, name: 'budi', persons: [budi.id] }))
    it(`${type} holds for one who is not here`, () =>
      given(...here)
        .when(ani, { type, name: 'dodi' })
        .then({ type: FACT[type], ...asAni, name: 'dodi' }))
    it.each(['10.0.0.9', 'fe80::1'])(`${type} holds for the address %s`, (name) =>
      given(...here)
        .when(ani, { type, name })
        .then({ type: FACT[type], ...asAni, name }),
    )
    it.each(['', 'a b', '*', 'x'.repeat(33), '\u001b[2J'])(`${type} refuses what is no name: %j`, (name) =>
      given(...here)
        .when(ani, { type, name })
        .refused('BAD_NAME'),
    )
    it(`${type} twice is once`, () =>
      given(...here, { type: FACT[type], ...asAni, name: 'budi', persons: [budi.id] })
        .when(ani, { type, name: 'Budi' })
        .known(2))
    it(`${type} again holds for who has the name now, too`, () =>
      given(...here, { type: FACT[type], ...asAni, name: 'budi', persons: ['m9'] })
        .when(ani, { type, name: 'Budi' })
        .then({ type: FACT[type], ...asAni, seq: 3, name: 'budi', persons: [budi.id] }))
    it(`${type} of one who has just gone, or is called otherwise now, holds for their person`, () => {
      const ruled = { type: FACT[type], ...asAni, name: 'budi', persons: [budi.id] }
      const left: RoomEvent = { type: 'left', by: budi, reason: 'left' }
      given(...here, left)
        .when(ani, { type, name: 'budi' })
        .then(ruled)
      given(...here, { type: 'renamed', by: { ...budi, name: 'baik' }, from: 'budi' })
        .when(ani, { type, name: 'BUDI' })
        .then({ ...ruled, name: 'BUDI' })
    })
    it(`${type} of a name that was passed on holds for who has it`, () => {
      const next: Member = { id: 'm9', name: 'budi' }
      const room = given(...here, { type: 'left', by: budi, reason: 'left' }, joined(next))
      room.when(ani, { type, name: 'budi' }).then({ type: FACT[type], ...asAni, name: 'budi', persons: ['m9'] })
    })
    it(`${type} of an address holds for those who are called so, and leaves an op among them alone`, () => {
      const guests = ['m8', 'm9', 'm10'].map((id): Member => ({ id, name: '10.0.0.9' }))
      const room = given(...here, ...guests.map(joined), opped(guests[2] as Member, 2))
      const ruled = { type: FACT[type], ...asAni, seq: 3, name: '10.0.0.9', persons: ['m8', 'm9'] }
      room.when(ani, { type, name: '10.0.0.9' }).then(ruled)
    })
    it.each(['host', 'ani', 'cici', 'C1CI'])(`${type} does not hit %s, who is not below`, (name) =>
      given(...here, opped(cici, 2))
        .when(ani, { type, name })
        .refused('NOT_ALLOWED'),
    )
    it(`${type} does not hit an op who is not here just now`, () => {
      const away = given(...here, opped(cici, 2), { type: 'left', by: cici, reason: 'left' })
      away.when(ani, { type, name: 'cici' }).refused('NOT_ALLOWED')
      away.when(host, { type, name: 'cici' }).then({
        ...{ type: FACT[type], seq: 3, ...asHost, name: 'cici', persons: [cici.id] },
      })
    })
    it(`${type} hits who goes by the name of an op that is not here, and not the op`, () => {
      const impostor: Member = { id: 'm9', name: 'c1ci' }
      const past = [...here, opped(cici, 2), { type: 'left', by: cici, reason: 'left' }, joined(impostor)] as const
      const ruled = { type: FACT[type], ...asAni, seq: 3, name: 'c1ci', persons: ['m9'] } as const
      given(...past)
        .when(ani, { type, name: 'cici' })
        .then(ruled)
      const gone: RoomEvent = { type: 'left', by: impostor, reason: 'left' }
      given(...past, gone)
        .when(ani, { type, name: 'c1ci' })
        .then(ruled)
      const after = given(...past, ruled, gone)
      after.when(cici, { type: 'join' }).then(joined({ ...cici, role: 'op' }))
      const back = given(...past, ruled, gone, joined({ ...cici, role: 'op' }))
      back.when(cici, { type: 'say', text: 'halo' }).accepted()
    })
  }
  const ruledFor = (type: 'muted' | 'banned', ...persons: readonly string[]): RoomEvent => ({
    ...{ type, ...asAni, name: 'budi', persons },
  })
  const gone: RoomEvent = { type: 'left', by: budi, reason: 'left' }
  const renamed: Member = { ...budi, name: 'baik' }
  it('a ban holds for the person, under any name, until it is taken back', () => {
    const room = given(...here, ruledFor('banned', budi.id), gone)
    room.when(renamed, { type: 'join' }).refused('BANNED')
    room.when({ id: 'm9', name: 'baik' }, { type: 'join' }).accepted()
    const free: RoomEvent = { type: 'unbanned', ...asAni, seq: 3, name: 'budi' }
    given(...here, ruledFor('banned', budi.id), gone, free)
      .when(renamed, { type: 'join' })
      .accepted()
  })
  it('a mute holds for the person, under any name, until it is taken back', () => {
    const past = [...here, ruledFor('muted', budi.id), gone, joined(renamed)]
    given(...past)
      .when(renamed, { type: 'say', text: 'halo' })
      .refused('MUTED')
    given(...past)
      .when(renamed, { type: 'rename', name: 'lain' })
      .refused('MUTED')
    const free: RoomEvent = { type: 'unmuted', ...asAni, seq: 3, name: 'budi' }
    given(...past, free)
      .when(renamed, { type: 'say', text: 'halo' })
      .accepted()
  })
  it('is taken back by the name that the person has now, too', () =>
    given(...here, ruledFor('muted', budi.id), gone, joined(renamed))
      .when(ani, { type: 'unmute', name: 'baik' })
      .then({ type: 'unmuted', ...asAni, seq: 3, name: 'budi' }))
  it('laid down twice for one person holds until both are taken back', () => {
    const twice: RoomEvent = { type: 'muted', ...asAni, seq: 3, name: 'baik', persons: [budi.id] }
    const first: RoomEvent = { type: 'unmuted', ...asAni, seq: 4, name: 'budi' }
    const past = [...here, ruledFor('muted', budi.id), gone, joined(renamed), twice, first]
    given(...past)
      .when(renamed, { type: 'say', text: 'halo' })
      .refused('MUTED')
    const second: RoomEvent = { ...first, seq: 5, name: 'baik' }
    given(...past, second)
      .when(renamed, { type: 'say', text: 'halo' })
      .accepted()
  })
  it('of a version that knew no persons holds for the name', () => {
    const room = given(...here, { type: 'banned', ...asAni, name: 'budi' }, gone)
    room.when(budi, { type: 'join' }).refused('BANNED')
    room.when(renamed, { type: 'join' }).accepted()
  })
  it('holds for an op by the person alone, as the owner laid it down', () => {
    const past = [
      ...here,
      opped(budi, 2),
      { type: 'banned', ...asHost, seq: 3, name: 'budi', persons: [budi.id] },
      gone,
    ]
    given(...(past as RoomEvent[]))
      .when(renamed, { type: 'join' })
      .refused('BANNED')
  })
  it('C70: an address of version 6 stands for its subnet, however it is spelled', () => {
    const room = given(...here, { type: 'banned', ...asAni, name: '2001:DB8:0:7::1' })
    const from = (address: string) => room.when({ id: 'm9', name: address }, { type: 'join' })
    for (const address of ['2001:db8:0:7::1', '2001:0db8:0000:0007:1:2:3:4']) from(address).refused('BANNED')
    from('2001:db8:0:8::1').accepted()
    room.when(ani, { type: 'unban', name: '2001:db8:0:7:5::' }).accepted()
  })
  it('who is banned asks nobody in', () => {
    const room = given(...here, ruledFor('banned', budi.id), gone)
    const join = { type: 'join', invited: true } as const
    room.when({ id: 'm9', name: 'dodi' }, { ...join, inviter: budi.id }).refused('NO_SUCH_INVITATION')
    room.when({ id: 'm9', name: 'dodi' }, { ...join, inviter: cici.id }).accepted()
  })

  it('what is taken back names whom it held for', () => {
    const held = given(...here, { type: 'muted', ...asAni, name: 'budi' }, { type: 'banned', ...asAni, name: 'dodi' })
    held.when(ani, { type: 'unmute', name: 'BUD1' }).then({ type: 'unmuted', ...asAni, seq: 3, name: 'budi' })
    held.when(ani, { type: 'unban', name: 'Dodi' }).then({ type: 'unbanned', ...asAni, seq: 3, name: 'dodi' })
    held.when(ani, { type: 'unmute', name: 'dodi' }).refused('NO_SUCH_MEMBER')
    held.when(ani, { type: 'unban', name: 'budi' }).refused('NO_SUCH_MEMBER')
  })
  it('C63: a look-alike of a banned name does not come in', () =>
    given(...here, { type: 'banned', ...asAni, name: 'dodi' })
      .when({ id: 'm9', name: 'd0di' }, { type: 'join' })
      .refused('BANNED'))
  it('C63: nobody takes a banned name, or its look-alike, by changing to it', () =>
    given(...here, { type: 'banned', ...asAni, name: 'dodi' })
      .when(budi, { type: 'rename', name: 'DODI' })
      .refused('BANNED'))
  it('a mute holds for the next who has the name', () =>
    given(...here, { type: 'muted', ...asAni, name: 'dodi' }, joined({ id: 'm9', name: 'd0di' }))
      .when({ id: 'm9', name: 'd0di' }, { type: 'say', text: 'halo' })
      .refused('MUTED'))
})

describe('ops', () => {
  it('one is made', () =>
    given(...here)
      .when(host, { type: 'op', name: 'budi' })
      .then({ type: 'opped', seq: 2, ...asHost, to: budi, person: budi.id }))
  it('one who is an op is not made one again', () =>
    given(...here)
      .when(host, { type: 'op', name: 'ani' })
      .known(1))
  it('are shown as such, and their lines are not', () => {
    const room = given(...here)
    expect(room.state.members.get(ani.id)).toEqual({ ...ani, role: 'op' })
    room.when(ani, { type: 'say', text: 'halo' }).then({ type: 'said', ...asAni, text: 'halo' })
  })
  it('stay ops under another name', () =>
    expect(
      given(...here, { type: 'renamed', by: { ...ani, name: 'anita', role: 'op' }, from: 'ani' }).state.members.get(
        ani.id,
      ),
    ).toEqual({ ...ani, name: 'anita', role: 'op' }))
  it('the owner takes it back', () =>
    given(...here)
      .when(host, { type: 'deop', name: 'ani' })
      .then({ type: 'deopped', seq: 2, ...asHost, name: 'ani', person: ani.id }))
  it('an op steps down, and takes it from no other', () => {
    const room = given(...here, opped(budi, 2))
    room.when(ani, { type: 'deop', name: 'ani' }).accepted()
    room.when(ani, { type: 'deop', name: 'budi' }).refused('NOT_ALLOWED')
    room.when(ani, { type: 'deop', name: 'host' }).refused('NOT_ALLOWED')
    room.when(ani, { type: 'deop', name: 'cici' }).refused('NO_SUCH_MEMBER')
  })
  it('the owner takes it back from all of that name who are not here', () => {
    const [one, two]: Member[] = [
      { id: 'm8', name: 'dodi' },
      { id: 'm9', name: 'd0di' },
    ]
    const ops = [opped(one as Member, 2), opped(two as Member, 3)]
    const none: RoomEvent = { type: 'deopped', seq: 4, ...asHost, name: 'dodi', person: 'm8', persons: ['m9'] }
    given(...here, ...ops)
      .when(host, { type: 'deop', name: 'dodi' })
      .then(none)
    expect([...given(...here, ...ops, none).state.ops.keys()]).toEqual([ani.id])
  })
  it('one who was deopped is a member again', () =>
    given(...here, { type: 'deopped', ...asAni, ...asHost, name: 'ani', person: ani.id })
      .when(ani, { type: 'kick', name: 'budi' })
      .refused('NOT_ALLOWED'))
  it('C63: who only has the name of an op who left is none', () =>
    given(...here, { type: 'left', by: ani, reason: 'left' })
      .when({ id: 'm9', name: 'ani' }, { type: 'join' })
      .then(joined({ id: 'm9', name: 'ani' })))
})

describe('a lock', () => {
  const locked = [...here, { type: 'locked', ...asAni, persons: ['m0', 'm1', 'm2', 'm3'] }] as const
  it('is a fact of the room', () =>
    given(...here)
      .when(ani, { type: 'lock' })
      .then({ type: 'locked', ...asAni, persons: ['m0', 'm1', 'm2', 'm3'] }))
  it('on a lock is nothing new, and neither is opening what is open', () => {
    given(...locked)
      .when(ani, { type: 'lock' })
      .known(2)
    given(...here)
      .when(ani, { type: 'unlock' })
      .known(1)
  })
  it('keeps strangers out until it is opened', () => {
    given(...locked)
      .when({ id: 'm9', name: 'dodi' }, { type: 'join' })
      .refused('LOCKED')
    given(...locked, { type: 'unlocked', ...asAni, seq: 3 })
      .when({ id: 'm9', name: 'dodi' }, { type: 'join' })
      .accepted()
  })
  it('leaves the topic to ops', () => {
    given(...locked)
      .when(budi, { type: 'setTopic', topic: 'songs' })
      .refused('LOCKED')
    given(...locked)
      .when(ani, { type: 'setTopic', topic: 'songs' })
      .accepted()
  })
  it('lets those inside go on talking', () =>
    given(...locked)
      .when(budi, { type: 'say', text: 'halo' })
      .accepted())
  const gone: RoomEvent = { type: 'left', by: budi, reason: 'connection lost' }
  it('lets those back in who were inside, under any name', () => {
    given(...locked, gone)
      .when(budi, { type: 'join' })
      .accepted()
    given(...locked, gone)
      .when({ ...budi, name: 'baik' }, { type: 'join' })
      .accepted()
  })
  it('lets them back in where nothing is known any more but what was kept', () => {
    const kept = given(opped(ani), { type: 'locked', ...asAni, persons: ['m0', 'm1', 'm2', 'm3'] })
    kept.when(budi, { type: 'join' }).accepted()
    kept.when(ani, { type: 'join' }).accepted()
    kept.when({ id: 'm9', name: 'budi' }, { type: 'join' }).refused('LOCKED')
  })
  it('of a version that kept nobody lets ops in', () => {
    const kept = given(opped(ani), { type: 'locked', ...asAni })
    kept.when(ani, { type: 'join' }).accepted()
    kept.when(budi, { type: 'join' }).refused('LOCKED')
  })
  it('knows those inside of its own time only', () => {
    const again: RoomEvent = { type: 'locked', ...asAni, seq: 4, persons: ['m1'] }
    given(...locked, gone, { type: 'unlocked', ...asAni, seq: 3 }, again)
      .when(budi, { type: 'join' })
      .refused('LOCKED')
  })
  it('lets nobody back in who was sent out since, or banned', () => {
    given(...locked, gone, { type: 'shutOut', ...asAni, seq: 3, person: budi.id })
      .when(budi, { type: 'join' })
      .refused('LOCKED')
    const banned: RoomEvent = { type: 'banned', ...asAni, seq: 3, name: 'budi', persons: [budi.id] }
    const free: RoomEvent = { type: 'unbanned', ...asAni, seq: 4, name: 'budi' }
    given(...locked, banned, gone, free)
      .when(budi, { type: 'join' })
      .refused('LOCKED')
  })
})

describe('the expiry of files', () => {
  const set = { type: 'expirySet', ...asAni, seconds: 604_800 } as const
  it('is a rule of the room, which the newest ends', () => {
    given(...here)
      .when(ani, { type: 'setExpiry', seconds: 604_800 })
      .then(set)
    given(...here, set)
      .when(ani, { type: 'setExpiry', seconds: 604_800 })
      .known(2)
    expect(given(...here, set).state.rules.expirySeconds).toBe(604_800)
    const ended = { type: 'expirySet', seq: 3, ...asHost, seconds: 0 } as const
    given(...here, set)
      .when(host, { type: 'setExpiry', seconds: 0 })
      .then(ended)
    expect(given(...here, set, ended).state.rules.expirySeconds).toBe(0)
    given(...here)
      .when(ani, { type: 'setExpiry', seconds: 0 })
      .known(1)
  })
  it('is for operators to set', () => {
    given(...here)
      .when(budi, { type: 'setExpiry', seconds: 604_800 })
      .refused('NOT_ALLOWED')
  })
  it('is an hour at least and 365 days at most', () => {
    for (const seconds of [3600, 31_536_000])
      given(...here)
        .when(ani, { type: 'setExpiry', seconds })
        .accepted()
    for (const seconds of [1, 3599, 31_536_001])
      given(...here)
        .when(ani, { type: 'setExpiry', seconds })
        .refused('BAD_COMMAND')
  })
})

describe('slow mode', () => {
  const set = { type: 'slowModeSet', ...asAni, seconds: 10 } as const
  it('is a fact of the room, which the newest ends', () => {
    given(...here)
      .when(ani, { type: 'setSlowMode', seconds: 10 })
      .then(set)
    given(...here, set)
      .when(ani, { type: 'setSlowMode', seconds: 10 })
      .known(2)
    given(...here, set)
      .when(host, { type: 'setSlowMode', seconds: 0 })
      .then({ type: 'slowModeSet', seq: 3, ...asHost, seconds: 0 })
    given(...here)
      .when(ani, { type: 'setSlowMode', seconds: 0 })
      .known(1)
  })
  it('is an hour at most', () => {
    given(...here)
      .when(ani, { type: 'setSlowMode', seconds: 3600 })
      .accepted()
    given(...here)
      .when(ani, { type: 'setSlowMode', seconds: 3601 })
      .refused('BAD_COMMAND')
  })
  const spokenAfter = (...rules: readonly RoomEvent[]) => {
    const room = given(...here, ...rules)
    for (const { id } of [host, ani, budi]) noteSpoken(room.state, id, AT - 9_999, 'k1')
    return room
  }
  it('makes members wait between two messages, whatever these are, and tells how long', () => {
    const room = spokenAfter(set)
    for (const type of ['say', 'act'] as const) room.when(budi, { type, text: 'halo' }).refused('SLOW_MODE')
    const stamp = { seq: 3, at: AT - 5_500, maxTextBytes: MAX_TEXT_BYTES, receiptsPerFile: 1 }
    const why = decide(room.state, budi, { type: 'say', text: 'halo' }, stamp)
    expect(why).toMatchObject({ code: 'SLOW_MODE', retrySeconds: 6, message: expect.stringContaining('in 6 s') })
  })
  it('makes nobody else wait: not operators, not who has not spoken, and not whispers, topics and files', () => {
    const room = spokenAfter(set)
    for (const by of [host, ani, cici]) room.when(by, { type: 'say', text: 'halo' }).accepted()
    room.when(budi, { type: 'whisper', to: 'ani', text: 'psst' }).accepted()
    room.when(budi, { type: 'setTopic', topic: 'tea' }).accepted()
    room.when(budi, { type: 'offerFile', file: { id: 'f9', name: 'a.txt' } }).accepted()
  })
  it('lets them speak again when the time is over, it is off, or the clock went back', () => {
    const late = given(...here, set)
    noteSpoken(late.state, budi.id, AT - 10_000, undefined)
    late.when(budi, { type: 'say', text: 'halo' }).accepted()
    spokenAfter(set, { ...set, seq: 3, seconds: 0 })
      .when(budi, { type: 'say', text: 'halo' })
      .accepted()
    const back = given(...here, set)
    noteSpoken(back.state, budi.id, AT + 60_000, undefined)
    back.when(budi, { type: 'say', text: 'halo' }).accepted()
  })
  it('knows the message that is sent again by its id', () => {
    const room = spokenAfter(set)
    room.when(budi, { type: 'say', text: 'halo', id: 'k1' }).accepted()
    room.when(budi, { type: 'say', text: 'halo', id: 'k2' }).refused('SLOW_MODE')
  })
  it('counts a key under any name, and without one everybody of the subnet', () => {
    const { state } = spokenAfter(set)
    const say = (id: string, person: string, address: string) => {
      state.origins.set(id, { person, address, keyless: person === id })
      const by: Member = { id, name: id }
      evolve(state, joined(by))
      const stamp = { seq: 3, at: AT, maxTextBytes: MAX_TEXT_BYTES, receiptsPerFile: 1 }
      const said = decide(state, by, { type: 'say', text: 'halo' }, stamp)
      if (said.type === 'said') noteSpoken(state, id, AT, undefined)
      return said.type
    }
    expect(say('k1', 'key', '10.0.0.1')).toBe('said')
    expect(say('k2', 'key', '10.0.0.2')).toBe('rejected')
    expect(say('n1', 'n1', '10.0.0.1')).toBe('said')
    expect(say('n2', 'n2', '10.0.0.1')).toBe('rejected')
    expect(say('n3', 'n3', '2001:db8::1')).toBe('said')
    expect(say('n4', 'n4', '2001:db8::2')).toBe('rejected')
  })
  it('remembers those who wait, and no more than ten thousand of them', () => {
    const { state } = given(...here, set)
    for (let index = 0; index < 10_100; index++) noteSpoken(state, `p${index}`, AT, undefined)
    expect(state.spoken.size).toBe(10_000)
    noteSpoken(state, 'p1', AT + 10_000, undefined)
    expect([...state.spoken.keys()]).toEqual(['p1'])
    evolve(state, { ...set, seq: 3, seconds: 0 })
    noteSpoken(state, 'p1', AT, undefined)
    expect(state.spoken.size).toBe(0)
  })
})

describe('presence that lasts for a moment', () => {
  it('who is away says why, and is shown so until back', () => {
    const room = given(...here)
    room.when(budi, { type: 'away', reason: 'lunch' }).then({ type: 'away', by: budi, reason: 'lunch' })
    const away = given(...here, { type: 'away', by: budi, reason: 'lunch' })
    expect(away.state.members.get(budi.id)).toEqual({ ...budi, away: 'lunch' })
    away.when(budi, { type: 'away', reason: 'lunch' }).known(1)
    away.when(budi, { type: 'back' }).then({ type: 'back', by: budi })
    away.when(budi, { type: 'say', text: 'halo' }).then({ type: 'said', seq: 2, at: AT, by: budi, text: 'halo' })
    room.when(budi, { type: 'back' }).known(1)
  })
  it('that somebody types is told every three seconds at most, and shown for six', () => {
    const typing = { type: 'typing', by: budi, at: AT, forMs: 6000 } as const
    given(...here)
      .when(budi, { type: 'typing' })
      .then(typing)
    given(...here, { ...typing, at: AT - 2999 })
      .when(budi, { type: 'typing' })
      .known(1)
    given(...here, { ...typing, at: AT - 3000 })
      .when(budi, { type: 'typing' })
      .then(typing)
  })
  it('of a file that comes, how much of it has', () => {
    const file = { id: 'f1', name: 'a', size: 100 }
    const room = given(...here, { type: 'fileOffered', seq: 2, at: AT, by: budi, file })
    const news = { type: 'fileProgressed', by: budi, file, bytes: 41 } as const
    room.when(budi, { type: 'progressFile', file: 'f1', bytes: 41 }).then(news)
    room.when(budi, { type: 'progressFile', file: 'f2', bytes: 41 }).refused('NO_SUCH_FILE')
    expect(given(...here, { type: 'fileOffered', seq: 2, at: AT, by: budi, file }, news).state.files.get('f1')).toEqual(
      {
        status: 'offered',
        file,
        by: budi,
        at: AT,
        arrived: 41,
      },
    )
  })
})

describe('a member knows', () => {
  const mute = (name: string, persons: readonly string[], reason?: string): RoomEvent => ({
    ...{ type: 'muted', seq: 1, at: AT, by: ani, name, persons },
    ...(reason === undefined ? {} : { reason }),
  })
  it('that they are muted, and why, and nothing of others', () => {
    const { state } = given(joined(ani), joined(budi), mute('budi', [budi.id], 'noise'))
    expect([muteOf(state, budi.id), muteOf(state, ani.id)]).toEqual([{ reason: 'noise' }, undefined])
  })
  it('that they are muted where nobody said why, or by what looks like their name', () => {
    const { state } = given(joined(ani), joined(budi), mute('BUD1', []))
    expect(muteOf(state, budi.id)).toEqual({})
  })
  it('when it is over', () => {
    const over: RoomEvent = { type: 'unmuted', seq: 2, at: AT, by: ani, name: 'budi' }
    const { state } = given(joined(ani), joined(budi), mute('budi', [budi.id], 'noise'), over)
    expect(muteOf(state, budi.id)).toBe(undefined)
  })
  it('that the room is locked, as the rules tell', () => {
    const lock: RoomEvent = { type: 'locked', seq: 1, at: AT, by: ani }
    const { state } = given(joined(ani), lock)
    expect(state.rules.inviteOnly).toBe(true)
    evolve(state, { type: 'unlocked', seq: 2, at: AT, by: ani })
    expect(state.rules.inviteOnly).toBe(false)
  })
})
