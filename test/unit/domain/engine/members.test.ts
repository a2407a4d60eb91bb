import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { skeletonOf } from '#domain/room/moderation.ts'
import { Refused } from '#domain/session.ts'
import { failure, openHouse, watch } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const say = (text: string) => ({ type: 'say', text }) as const

/** A house in which a person may come by several connections. */
async function house() {
  const made = await openHouse()
  const host = await made.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const come = (person: string, name = person, more: { room?: string; hidden?: boolean } = {}) =>
    made.engine.join({ room: 'lobby', name, member: person, person, owner: person, ...more })
  return { ...made, host, seen: watch(host), come }
}

const presence = (events: readonly RoomEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'joined' || event.type === 'left' ? [`${event.by.name} ${event.type}`] : [],
  )

describe('several connections of a member', () => {
  it('are told of the first coming and the last going, and each has its own end', async () => {
    const { come, host, seen } = await house()
    const [one, other] = [await come('ani'), await come('ani')]
    expect(host.members.length).toBe(2)
    await one.close()
    expect(await one.send(say('closed'))).toMatchObject({ code: 'NOT_A_MEMBER' })
    expect(await other.send(say('open'))).toMatchObject({ type: 'ack' })
    await other.close()
    expect(presence(seen.events)).toEqual(['ani joined', 'ani left'])
  })
  it('may come and go in one commit: what counts is whether one is left', async () => {
    const { come, host, journal, seen } = await house()
    const one = await come('ani')
    journal.hold()
    void host.send(say('so that the next are decided together'))
    await turns(2)
    const closed = one.close()
    const coming = come('ani')
    journal.release()
    const other = await coming
    await closed
    expect(await other.send(say('here'))).toMatchObject({ type: 'ack' })
    expect(presence(seen.events)).toEqual(['ani joined'])
    await other.close()
    expect(host.members.map(({ name }) => name)).toEqual(['host'])
  })
  it('keep no member in a room that is not let in by the only one that is left', async () => {
    const { come, engine, host, journal, seen } = await house()
    const one = await come('ani')
    await host.send({ type: 'ban', name: '10.0.0.9' })
    journal.hold()
    void host.send(say('so that the next are decided together'))
    await turns(2)
    const closed = one.close()
    const request = { room: 'lobby', name: 'ani', member: 'ani', person: 'ani', owner: 'ani', address: '10.0.0.9' }
    const coming = failure(engine.join(request))
    journal.release()
    expect(await coming).toMatchObject({ code: 'BANNED' })
    await closed
    expect(host.members.map(({ name }) => name)).toEqual(['host'])
    expect(presence(seen.events)).toEqual(['ani joined', 'ani left'])
  })
  it('all end with a kick, and the member may come back', async () => {
    const { come, host } = await house()
    const sessions = [await come('ani'), await come('ani'), await come('ani', 'ani', { hidden: true })]
    await host.send({ type: 'kick', name: 'ani' })
    for (const session of sessions) await session.close()
    expect(sessions.map(({ kicked }) => kicked?.code)).toEqual(Array(3).fill('NOT_A_MEMBER'))
    expect((await come('ani')).member.name).toBe('ani')
  })
  it('of which a hidden one is left: nobody is listed, and it may go on', async () => {
    const { come, host } = await house()
    const [listed, hidden] = [await come('ani'), await come('ani', 'ani', { hidden: true })]
    await listed.close()
    expect(host.members.map(({ name }) => name)).toEqual(['host'])
    expect(await hidden.send(say('still'))).toMatchObject({ type: 'ack' })
    await hidden.close()
    expect((await come('ani')).members.length).toBe(2)
  })
  it('that was hidden is announced without a word where the member is listed', async () => {
    const { come, seen } = await house()
    const [listed, hidden] = [await come('ani'), await come('ani', 'ani', { hidden: true })]
    expect(await hidden.announceMember()).toBe(undefined)
    await listed.close()
    expect(presence(seen.events)).toEqual(['ani joined'])
    await hidden.close()
    expect(presence(seen.events)).toEqual(['ani joined', 'ani left'])
  })
})

const NAMES = ['ani', 'budi', 'cici', 'dedi'] as const
const ROOMS = ['lobby', 'den'] as const

it('whatever connections do, a member is there while it has one, is told once of, and shares its name with nobody', async () => {
  const person = fc.nat(2)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('come' as const), person, fc.nat(3), fc.nat(1)) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('go' as const), fc.nat(9), fc.nat(0), fc.nat(0)) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('rename' as const), fc.nat(9), fc.nat(3), fc.nat(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('kick' as const), fc.nat(3), fc.nat(0), fc.nat(0)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('hold' as const), fc.nat(0), fc.nat(0), fc.nat(0)) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('turn' as const), fc.nat(4), fc.nat(0), fc.nat(0)) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const made = await openHouse()
      const { engine, journal } = made
      const hosts = await Promise.all(
        ROOMS.map((room) => engine.join({ room, name: `host-${room}`, role: 'owner', guest: true })),
      )
      const seen = hosts.map(watch)
      const sessions: { person: string; session: LocalSession }[] = []
      const work: Promise<unknown>[] = []
      for (const [what, one, other, room] of steps) {
        const chosen = sessions[one % Math.max(1, sessions.length)]
        const name = NAMES[other] ?? 'ani'
        if (what === 'come') {
          const id = `p${one}`
          const joining = engine
            .join({ room: ROOMS[room] ?? 'lobby', name, member: id, person: id, owner: id })
            .then((session) => sessions.push({ person: id, session }))
            .catch((error: unknown) => {
              if (!(error instanceof Refused)) throw error
              engine.forget(id)
            })
          work.push(joining)
        } else if (what === 'go' && chosen !== undefined) {
          sessions.splice(sessions.indexOf(chosen), 1)
          work.push(chosen.session.close())
        } else if (what === 'rename') work.push(chosen?.session.send({ type: 'rename', name }) ?? Promise.resolve())
        else if (what === 'kick')
          work.push(hosts[0]?.send({ type: 'kick', name: NAMES[one] ?? 'ani' }) ?? Promise.resolve())
        else if (what === 'hold') journal.hold()
        else {
          journal.release()
          await turns(one)
        }
      }
      journal.release()
      await Promise.all(work)
      await engine.settled()
      await turns(5)
      for (const [index, host] of hosts.entries()) {
        const open = sessions.filter(({ session }) => session.room === host.room && session.kicked === undefined)
        const persons = [...new Set(open.map((each) => each.person))].toSorted()
        const ids = host.members.map(({ id }) => id).filter((id) => id !== host.id)
        expect(ids.toSorted()).toEqual(persons)
        const told = new Set<string>()
        for (const event of seen[index]?.events ?? []) {
          if (event.type === 'joined') expect(told.has(event.by.id), 'joins once').toBe(false)
          if (event.type === 'left') expect(told.has(event.by.id), 'leaves once').toBe(true)
          if (event.type === 'joined') told.add(event.by.id)
          if (event.type === 'left') told.delete(event.by.id)
        }
        expect([...told].toSorted()).toEqual(persons)
      }
      // On the whole host a name is one person's.
      const owners = new Map<string, string>()
      for (const { person: id, session } of sessions.filter(({ session }) => session.kicked === undefined)) {
        const key = skeletonOf(session.member.name)
        expect(owners.get(key) ?? id).toBe(id)
        owners.set(key, id)
      }
      await Promise.all(sessions.map(({ session }) => session.close()))
      for (const id of ['p0', 'p1', 'p2']) engine.forget(id)
      for (const name of NAMES) await (await engine.join({ room: 'lobby', name })).close()
      await engine.stop()
    }),
    { numRuns: Number(process.env['TAMTAM_MODEL_RUNS'] ?? 100) },
  )
})
