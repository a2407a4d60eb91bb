import assert from 'node:assert/strict'
import { lastSeqOf } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { until } from '../patience.ts'
import type { ContractCase } from '../storage/contract.ts'
import { comingBack } from './session-coming-back-contract.ts'
import { files } from './session-files-contract.ts'
import { type InRoom, inPieces, kept, type RoomUnderTest, say, upTo, watch } from './session-subject.ts'

export type { RoomUnderTest } from './session-subject.ts'

/** What every session does, wherever its room lives. `make` answers a new, empty room. */
export const sessionContract = (make: () => Promise<RoomUnderTest>, cuts: boolean): readonly ContractCase[] =>
  Object.entries({ ...talking, ...belonging, ...files, ...(cuts ? comingBack : {}) }).map(([name, holds]) => ({
    name,
    run: async () => {
      const room = await make()
      try {
        await holds(room)
      } finally {
        await room.dispose()
      }
    },
  }))

const talking: Readonly<Record<string, InRoom>> = {
  'what is said is kept, numbered without gaps, and shown to everybody in that order': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const budi = await enter({ name: 'budi' })
    const [one, other] = [watch(ani), watch(budi)]
    for (const number of upTo(5)) {
      const answer = await kept(number % 2 === 0 ? ani : budi, say(`nr ${number}`))
      assert.deepEqual(answer, { type: 'ack', seq: number, duplicate: false })
    }
    await until('all of it', () => one.seqs.length === 5 && other.seqs.length === 5)
    assert.deepEqual(one.seqs, upTo(5))
    assert.deepEqual(one.said, ['budi: nr 1', 'ani: nr 2', 'budi: nr 3', 'ani: nr 4', 'budi: nr 5'])
    assert.deepEqual(other.said, one.said)
  },
  'a rule is for operators to lay down, and whoever comes in knows those that hold': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const answer = await ani.send({ type: 'setSlowMode', seconds: 10 })
    assert.equal('code' in answer && answer.code, 'NOT_ALLOWED')
    assert.equal(ani.rules.slowSeconds, 0)
    await kept(ani, say('one'))
    await kept(ani, say('two'))
  },
  'those who speak at once see one order, and each their own words in theirs': async ({ enter }) => {
    const sessions = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    const seen = sessions.map(watch)
    const answers = sessions.flatMap((session) => upTo(50).map((number) => kept(session, say(`nr ${number}`))))
    await Promise.all(answers)
    await until('all of it', () => seen.every(({ seqs }) => seqs.length === 100))
    assert.deepEqual(seen[0]?.said, seen[1]?.said)
    assert.deepEqual(seen[0]?.seqs, upTo(100))
    for (const name of ['ani', 'budi']) {
      const own: readonly string[] | undefined = seen[0]?.said.filter((line) => line.startsWith(`${name}:`))
      assert.deepEqual(
        own,
        upTo(50).map((number) => `${name}: nr ${number}`),
      )
    }
  },
  'events begin behind the given entry: first history, then what happens, no gap and nothing twice': async (room) => {
    const ani = await room.enter({ name: 'ani' })
    for (const number of upTo(40)) await kept(ani, say(`nr ${number}`))
    const budi = await room.enter({ name: 'budi', after: 10 })
    const seen = watch(budi)
    const more = upTo(40).map((number) => kept(ani, say(`nr ${40 + number}`)))
    await until('all of it', () => seen.seqs.length >= 70)
    await Promise.all(more)
    assert.deepEqual(seen.seqs, upTo(80).slice(10))
  },
  'without a given entry events begin now, also for whoever subscribes late': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    await kept(ani, say('before'))
    const budi = await enter({ name: 'budi' })
    const first = watch(budi)
    await kept(ani, say('after'))
    await until('it', () => first.seqs.length === 1)
    const late = watch(budi)
    await kept(ani, say('later'))
    await until('all of it', () => first.seqs.length === 2 && late.seqs.length === 2)
    assert.deepEqual(first.said, ['ani: after', 'ani: later'])
    assert.deepEqual(late.said, first.said)
  },
  'what is sent twice under one id is one message': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const seen = watch(ani)
    const first = await kept(ani, say('halo', 'k1'))
    assert.deepEqual(await kept(ani, say('halo', 'k1')), { ...first, duplicate: true })
    const other = await ani.send(say('lain', 'k1'))
    assert.ok(other.type === 'rejected' && other.code === 'ID_REUSED')
    await kept(ani, say('terakhir'))
    await until('the last', () => seen.seqs.length >= 2)
    assert.deepEqual(seen.said, ['ani: halo', 'ani: terakhir'])
  },
  'what is posted is kept in order, and refusals of it are told': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const seen = watch(ani)
    const refusals: string[] = []
    ani.refusals$.subscribe(({ code }) => refusals.push(code))
    assert.equal(ani.post([say('satu'), { type: 'whisper', to: 'nobody', text: 'pst' }, say('dua')]), 'accepted')
    assert.equal(ani.post([say('tiga')]), 'accepted')
    await ani.ready()
    await until('all of it', () => seen.seqs.length === 3 && refusals.length === 1)
    assert.deepEqual(seen.said, ['ani: satu', 'ani: dua', 'ani: tiga'])
    assert.deepEqual(refusals, ['NO_SUCH_MEMBER'])
  },
  'a flood is kept whole, with the pace that the session sets': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const seen = watch(ani)
    const lines = upTo(200).map((number) => say(`nr ${number}`))
    for (const _ of upTo(25)) while (ani.post(lines) === 'full') await ani.ready()
    await until('all of it', () => seen.seqs.length === 5000)
    assert.deepEqual(seen.seqs, upTo(5000))
    assert.deepEqual(
      seen.said,
      upTo(25).flatMap(() => lines.map(({ text }) => `ani: ${text}`)),
    )
  },
  'history and search show what was said, oldest first': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    for (const number of upTo(30)) await kept(ani, say(number % 10 === 0 ? `kopi ${number}` : `teh ${number}`))
    const budi = await enter({ name: 'budi' })
    assert.deepEqual((await budi.history(4)).map(lastSeqOf), [27, 28, 29, 30])
    assert.deepEqual((await budi.history(100)).map(lastSeqOf), upTo(30))
    assert.deepEqual((await budi.search('kopi', 2)).map(lastSeqOf), [20, 30])
    assert.deepEqual(await budi.search('susu', 2), [])
  },
}

const belonging: Readonly<Record<string, InRoom>> = {
  'one is a member among members, and sees others come, go and change their name': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    assert.equal(ani.room, (await enter({ name: 'dewi' })).room)
    await until('two', () => ani.members.length === 2)
    const seen = watch(ani)
    const budi = await enter({ name: 'budi' })
    assert.equal(budi.member.name, 'budi')
    await until('three', () => ani.members.length === 3)
    await kept(budi, { type: 'rename', name: 'bambang' })
    await until('the new name', () => ani.members.some(({ name }) => name === 'bambang'))
    await until('the own new name', () => budi.member.name === 'bambang')
    await budi.close()
    await until('two', () => ani.members.length === 2)
    const presence = seen.events.map(({ type }) => type)
    assert.deepEqual(presence, ['joined', 'renamed', 'left'])
    assert.deepEqual(ani.members.map(({ name }) => name).toSorted(), ['ani', 'dewi'])
  },
  'the topic is everywhere the same': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    await kept(ani, { type: 'setTopic', topic: 'kopi' })
    const budi = await enter({ name: 'budi', after: 0 })
    assert.equal(budi.rules.topic, 'kopi')
    await kept(budi, { type: 'setTopic', topic: 'teh' })
    await until('the other', () => ani.rules.topic === 'teh' && budi.rules.topic === 'teh')
  },
  'a name that is taken, or none, is refused': async ({ enter }) => {
    await enter({ name: 'ani' })
    const budi = await enter({ name: 'budi' })
    const refusedAs = (code: string) => (error: unknown) => error instanceof Refused && error.code === code
    await assert.rejects(enter({ name: 'ani' }), refusedAs('NAME_TAKEN'))
    await assert.rejects(enter({ name: 'root' }), refusedAs('BAD_NAME'))
    const renamed = await budi.send({ type: 'rename', name: 'ani' })
    assert.ok(renamed.type === 'rejected' && renamed.code === 'NAME_TAKEN')
    assert.equal(budi.member.name, 'budi')
  },
  'a refusal is a value with a code': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const nobody = await ani.send({ type: 'whisper', to: 'nobody', text: 'pst' })
    assert.ok(nobody.type === 'rejected' && nobody.code === 'NO_SUCH_MEMBER')
    const long = await ani.send(say('x'.repeat(100_000)))
    assert.ok(long.type === 'rejected' && long.code === 'LINE_TOO_LONG')
    assert.deepEqual(await kept(ani, say('halo')), { type: 'ack', seq: 1, duplicate: false })
  },
  'a whisper is for two, in what happens and in history': async ({ enter }) => {
    const [ani, budi, cici] = [
      await enter({ name: 'ani' }),
      await enter({ name: 'budi' }),
      await enter({ name: 'cici' }),
    ]
    const seen = [ani, budi, cici].map(watch)
    await kept(ani, { type: 'whisper', to: 'budi', text: 'pst' })
    await kept(ani, say('halo'))
    await until('it', () => seen.every(({ said }) => said.includes('ani: halo')))
    assert.deepEqual(
      seen.map(({ said }) => said.length),
      [2, 2, 1],
    )
    for (const [session, entries] of [
      [ani, 2],
      [budi, 2],
      [cici, 1],
    ] as const)
      assert.equal((await session.history(10)).length, entries)
  },
  'several sessions of one key are one member: each shows everything once, and the member leaves with the last':
    async ({ enter }) => {
      const key = 'a'.repeat(32)
      const budi = await enter({ name: 'budi' })
      const watched = watch(budi)
      const [one, other] = [await enter({ name: 'ani', key }), await enter({ name: 'ani', key })]
      assert.deepEqual(other.member, one.member)
      const seen = [one, other].map(watch)
      await kept(one, say('satu'))
      await kept(other, say('dua'))
      await kept(budi, { type: 'whisper', to: 'ani', text: 'tiga' })
      for (const each of seen) {
        await until('all of it', () => each.seqs.length >= 3)
        assert.deepEqual(each.said, ['ani: satu', 'ani: dua', 'budi: tiga'])
      }
      const upload = one.upload(inPieces(Buffer.from('halo'), 2), { name: 'a.txt' })
      const file = await upload.done
      if (!('sha256' in file)) assert.fail(`${file.code}: ${file.message}`)
      await one.close()
      // It is theirs, whichever of them sent it.
      await kept(other, { type: 'removeFile', file: file.id })
      await kept(other, { type: 'rename', name: 'ayu' })
      const names = () => budi.members.map(({ name }) => name).toSorted()
      await until('the new name', () => names().includes('ayu'))
      assert.deepEqual(names(), ['ayu', 'budi'])
      const late = await enter({ name: 'ani', key, after: 0 })
      assert.equal(late.member.name, 'ayu')
      const again = watch(late)
      await until('what was said before', () => again.seqs.length >= 5)
      await other.close()
      await kept(late, say('empat'))
      await late.close()
      await until('the leaving', () => watched.events.at(-1)?.type === 'left')
      const presence = watched.events.flatMap((event) =>
        event.type === 'joined' || event.type === 'left' || event.type === 'renamed' ? [event.type] : [],
      )
      assert.deepEqual(presence, ['joined', 'renamed', 'left'])
      // Nothing holds the name any more.
      await enter({ name: 'ayu' })
    },
  'whoever closes has left: nothing more is shown or taken': async ({ enter }) => {
    const [ani, budi] = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    const [own, other] = [watch(ani), watch(budi)]
    const states: string[] = []
    ani.state$.subscribe(({ status }) => states.push(status))
    ani.post([say('sampai jumpa')])
    await Promise.all([ani.close(), ani.close()])
    await ani.close()
    await until('the end', () => own.over)
    await until('the leaving', () => other.events.at(-1)?.type === 'left')
    assert.deepEqual(other.said, ['ani: sampai jumpa'])
    assert.deepEqual(states, ['connected', 'closed'])
    const answer = await ani.send(say('halo'))
    assert.ok(answer.type === 'rejected' && answer.code === 'NOT_A_MEMBER')
    await ani.ready()
  },
}
