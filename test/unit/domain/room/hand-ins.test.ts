import { describe, expect, it } from 'vitest'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { handInsOf, submissionsOf } from '#domain/room/hand-ins.ts'
import { pieces } from '../../../harness/bytes.ts'
import { given } from '../../../harness/given.ts'
import { openHouse } from '../../../harness/house.ts'
import { AT, ani, budi, cici, joined, offered, whole } from '../../../harness/people.ts'

const host: Member = { id: 'm0', name: 'host', role: 'owner' }
const collecting = (at = AT): RoomEvent => ({
  ...{ type: 'collectionStarted', seq: 1, at },
  by: { id: 'm0', name: 'host' },
})
const ended: RoomEvent = { type: 'collectionEnded', seq: 2, at: AT, by: { id: 'm0', name: 'host' } }
/** Somebody without a key: another id each time. */
const keyless = (digit: string, name: string): Member => ({ id: digit.repeat(32), name })

let ids = 0
const sent = (by: Member, at = AT, name = 'essay.txt'): RoomEvent => ({
  ...{ type: 'fileCompleted', seq: 1, at, by },
  file: { ...whole, id: `f${++ids}`, name, audience: { from: by, to: 'staff' } },
})
const left = (by: Member): RoomEvent => ({ type: 'left', by, reason: 'left' })

/** Each person with the names of their files. */
const rows = (...events: readonly RoomEvent[]) =>
  handInsOf(given(...events).state).people.map(({ name, files }) => [name, ...files.map(({ file }) => file.name)])
const missing = (...events: readonly RoomEvent[]) =>
  submissionsOf(handInsOf(given(...events).state)).missing.map(({ name }) => name)

describe('who has handed in and who has not', () => {
  const crowd = [joined(host), joined(ani), joined(budi), joined(cici)]

  it('is everybody but operators who was there since the collection began', () => {
    expect(rows(...crowd, collecting(), sent(ani))).toEqual([['ani', 'essay.txt'], ['budi'], ['cici']])
    expect(missing(...crowd, collecting(), sent(ani))).toEqual(['budi', 'cici'])
  })
  it('has also those who have left, and those who came and went', () => {
    expect(missing(joined(host), joined(ani), collecting(), left(ani), joined(budi), left(budi))).toEqual([
      'ani',
      'budi',
    ])
    expect(missing(joined(host), joined(ani), left(ani), collecting())).toEqual([])
    // An owner by their key is no operator that the room remembers.
    const teacher: Member = { id: 'm9', name: 'teacher', role: 'owner' }
    expect(missing(joined(host), collecting(), left(host), joined(teacher), left(teacher))).toEqual([])
  })
  it('begins anew with each collection', () => {
    const first = [joined(host), joined(ani), collecting(), sent(ani), left(ani), ended]
    expect(rows(...first, joined(budi), collecting(AT + 1))).toEqual([['budi']])
    // Where a room collects no more, all that it ever collected is there.
    expect(rows(...first)).toEqual([['ani', 'essay.txt']])
    expect(missing(...crowd, sent(ani))).toEqual([])
  })
  it('still says who sent nothing when the collection is over', () =>
    expect(missing(joined(host), joined(ani), collecting(), left(ani), ended)).toEqual(['ani']))
  it('does not count a file that is on its way', () => {
    const offer: RoomEvent = {
      ...{ type: 'fileOffered', seq: 1, at: AT, by: ani },
      file: { ...offered, audience: { from: ani, to: 'staff' } },
    }
    expect(missing(joined(host), joined(ani), collecting(), offer)).toEqual(['ani'])
  })
  it('forgets those who became operators, and keeps what they sent before', () => {
    const opped: RoomEvent = { type: 'opped', seq: 2, at: AT, by: host, to: budi, person: budi.id }
    expect(rows(...crowd, collecting(), sent(ani), opped, left(budi))).toEqual([['ani', 'essay.txt'], ['cici']])
  })
})

describe('one person', () => {
  it('is one key, under the newest name', () =>
    expect(rows(collecting(), sent(ani), sent({ ...ani, name: 'ani2' }, AT + 1))).toEqual([
      ['ani2', 'essay.txt', 'essay.txt'],
    ]))
  it('is two where two keys have one name', () =>
    expect(rows(collecting(), sent(ani), sent({ ...budi, name: 'ani' }))).toEqual([
      ['ani', 'essay.txt'],
      ['ani', 'essay.txt'],
    ]))
  it('without a key is one name, also in another spelling', () =>
    expect(rows(collecting(), sent(keyless('a', 'Dewi')), sent(keyless('b', 'dewi'), AT + 1))).toEqual([
      ['dewi', 'essay.txt', 'essay.txt'],
    ]))
  it('without a key is nobody who has one and has sent as well', () =>
    expect(rows(collecting(), sent(ani), sent(keyless('a', 'ani')))).toEqual([
      ['ani', 'essay.txt'],
      ['ani', 'essay.txt'],
    ]))
  it('who sits in the room and has sent without a key has handed in', () => {
    const found = handInsOf(given(joined(host), joined(ani), collecting(), sent(keyless('a', 'ani'))).state)
    expect(found.people).toMatchObject([{ name: 'ani', id: ani.id, isHere: true }])
    expect(missing(joined(host), joined(keyless('c', 'ani')), collecting(), sent(ani))).toEqual([])
  })
  it('who came without a name is known by the one that they took', () => {
    const guest = keyless('d', '10.0.0.7')
    const named: RoomEvent = { type: 'renamed', by: { ...guest, name: 'eka' }, from: guest.name }
    expect(missing(joined(host), collecting(), joined(guest), named, left({ ...guest, name: 'eka' }))).toEqual(['eka'])
  })
})

describe('a room that nobody is in', () => {
  it('remembers who was there while the host runs, and says since when that is known', async () => {
    const house = await openHouse()
    const teacher = await house.engine.join({ room: 'class', name: 'guru', role: 'owner' })
    await teacher.send({ type: 'startCollection' })
    for (const name of ['ani', 'budi']) {
      const student = await house.engine.join({ room: 'class', name, member: `key-of-${name}` })
      if (name === 'ani') await student.upload(pieces('essay'), { name: 'essay.txt' }).done
      await student.close()
    }
    await teacher.close()
    await house.engine.settled()
    const again = await house.engine.join({ room: 'class', name: 'guru', role: 'owner' })
    const found = await again.handIns()
    expect(found.people.map(({ name, files }) => [name, files.length])).toEqual([
      ['ani', 1],
      ['budi', 0],
    ])
    expect(found.knownSince).toBe(found.since)
    const student = await house.engine.join({ room: 'class', name: 'ani', member: 'key-of-ani' })
    await expect(student.handIns()).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  })
})
