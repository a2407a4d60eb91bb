import assert from 'node:assert/strict'
import { rejected } from '#domain/errors.ts'
import type { SharedMembers, SharedRoom } from '#domain/ports/shared-members.ts'
import type { Ack, Kick } from '#domain/room/commands.ts'
import type { MemberNews } from '#domain/room/elsewhere.ts'
import type { Member } from '#domain/room/events.ts'
import { until } from '../patience.ts'
import type { ContractCase } from './contract.ts'

/** Opened hosts that know nothing yet. */
export interface SharedMembersUnderTest {
  readonly hosts: readonly SharedMembers[]
  dispose(): Promise<void>
}

/** A room that notes what it hears. */
export class NotedRoom implements SharedRoom {
  own: MemberNews[]
  readonly heard: string[] = []
  readonly lists: string[] = []
  readonly kicks: string[] = []
  /** The host that was heard last. */
  host = ''
  answer: Ack | ReturnType<typeof rejected> = { type: 'ack', seq: 3, duplicate: false }

  constructor(...names: string[]) {
    this.own = names.map(joined)
  }

  get count(): number {
    return this.own.length
  }

  hear(host: string, news: readonly MemberNews[]): void {
    this.host = host
    for (const { event } of news) this.heard.push(`${event.by.name} ${event.type}`)
  }

  list(host: string, news: readonly MemberNews[], reason?: string): void {
    this.host = host
    const names = news.map(({ event }) => event.by.name).join(' ')
    this.lists.push(reason === undefined ? names : `${names}: ${reason}`)
  }

  async kick(by: Member, command: Kick): ReturnType<SharedRoom['kick']> {
    this.kicks.push(`${by.name} kicks ${command.name}`)
    return this.answer
  }
}

const memberOf = (name: string): Member => ({ id: `id-${name}`, name })
export const joined = (name: string): MemberNews => ({
  event: { type: 'joined', by: memberOf(name) },
  person: `p-${name}`,
})
const left = (name: string): MemberNews => ({ event: { type: 'left', by: memberOf(name), reason: 'left' } })

const cases: Readonly<Record<string, (one: SharedMembers, other: SharedMembers) => Promise<void>>> = {
  'given members at one host, when another begins to use their room, then it has them, and hears what they do in order':
    async (one, other) => {
      const [here, there] = [new NotedRoom('ani', 'budi'), new NotedRoom()]
      await one.enter('lobby', here)
      await other.enter('lobby', there)
      assert.deepEqual(there.lists, ['ani budi'])
      one.tell('lobby', [left('budi'), joined('cici')])
      one.tell('lobby', [{ event: { type: 'renamed', by: memberOf('cici'), from: 'dodi' } }])
      await until('what the other does', () => there.heard.length === 3)
      assert.deepEqual(there.heard, ['budi left', 'cici joined', 'cici renamed'])
      assert.deepEqual(here.heard, [])
    },
  'a host hears nothing of rooms that are not in use there, and all of one that it uses again': async (one, other) => {
    const [here, there, hall] = [new NotedRoom('ani'), new NotedRoom(), new NotedRoom()]
    await one.enter('lobby', here)
    await other.enter('hall', hall)
    await other.enter('lobby', there)
    other.leave('lobby')
    one.tell('lobby', [joined('budi')])
    here.own.push(joined('budi'))
    const again = new NotedRoom()
    await other.enter('lobby', again)
    assert.deepEqual([again.lists, there.heard, hall.heard, hall.lists], [['ani budi'], [], [], ['']])
  },
  'a member is kicked by the host that it is with, which may refuse it': async (one, other) => {
    const [here, there] = [new NotedRoom('budi'), new NotedRoom()]
    await one.enter('lobby', here)
    await other.enter('lobby', there)
    const kick = () =>
      other.kick(there.host, 'lobby', memberOf('ani'), { type: 'kick', name: 'budi', reason: 'enough' })
    assert.deepEqual(await kick(), here.answer)
    here.answer = rejected('NOT_ALLOWED', 'permission denied')
    assert.deepEqual(await kick(), here.answer)
    assert.deepEqual(here.kicks, ['ani kicks budi', 'ani kicks budi'])
    one.leave('lobby')
    const refused = await kick()
    assert.equal(refused.type === 'rejected' && refused.code, 'BUSY')
  },
  'the rooms of a member are asked of the other hosts': async (one, other) => {
    const rooms = async () => [...(await other.roomsOf('id-ani'))].sort()
    for (const name of ['lobby', 'hall']) {
      await one.enter(name, new NotedRoom())
      one.tell(name, [joined('ani'), joined('budi')])
    }
    await until('both rooms', async () => (await rooms()).length === 2)
    assert.deepEqual(await rooms(), ['hall', 'lobby'])
    assert.deepEqual(await one.roomsOf('id-ani'), [])
    one.tell('hall', [left('ani')])
    assert.deepEqual(await rooms(), ['lobby'])
  },
  'given a host that stops, then its members are gone': async (one, other) => {
    const there = new NotedRoom()
    await one.enter('lobby', new NotedRoom('ani'))
    await other.enter('lobby', there)
    await one.close()
    await until('the list anew', () => there.lists.length === 2)
    assert.deepEqual(there.lists, ['ani', ': their machine is gone'])
  },
}

/** The contract of presence that several hosts share. */
export const sharedMembersContract = (
  make: (hosts: number) => Promise<SharedMembersUnderTest>,
): readonly ContractCase[] =>
  Object.entries(cases).map(([name, check]) => ({
    name,
    run: async () => {
      const { hosts, dispose } = await make(2)
      const [one, other] = hosts
      assert.ok(one !== undefined && other !== undefined)
      try {
        await check(one, other)
      } finally {
        await dispose()
      }
    },
  }))
