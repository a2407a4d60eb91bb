import assert from 'node:assert/strict'
import type { SharedJournal, Trimmed } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import { until } from '../patience.ts'
import type { ContractCase } from './contract.ts'
import { numbered, readAll, type UnnumberedEntry } from './journal-subject.ts'

/** Two hosts on one empty log, both open. */
export interface SharedJournalsUnderTest {
  readonly one: SharedJournal
  readonly other: SharedJournal
  dispose(): Promise<void>
}

const COMMITTED = { status: 'committed' }
const BEHIND = { status: 'behind' }
const RACES = 25

const say = (text: string): UnnumberedEntry => ({ type: 'said', text })
const batch = (first: number, drafts: readonly UnnumberedEntry[], ids: readonly string[] = []): Batch =>
  new Batch(
    'lobby',
    numbered(drafts, first),
    ids.map((id, index) => ({ id, seq: first + index })),
  )

/** Appends behind whatever there is, as often as it takes; answers the sequence. */
async function say1(journal: SharedJournal, text: string, id: string): Promise<number> {
  for (;;) {
    const first = ((await journal.span('lobby'))?.last ?? 0) + 1
    const appended = await journal.append([batch(first, [say(text)], [id])])
    if (appended.status === 'committed') return first
    if (appended.status === 'duplicate') return appended.known[0]?.seq ?? 0
    assert.deepEqual(appended, BEHIND)
  }
}

const heard = (journal: SharedJournal): Batch[] => {
  const batches: Batch[] = []
  journal.foreign$.subscribe((each) => batches.push(each))
  return batches
}

const cases: Readonly<Record<string, (hosts: SharedJournalsUnderTest) => Promise<void>>> = {
  'given what one host has appended, when another has caught up, then it can be read there, and was emitted there alone':
    async ({ one, other }) => {
      const [byOne, byOther] = [heard(one), heard(other)]
      assert.deepEqual(
        await one.append([batch(1, [say('halo'), { type: 'topicSet', topic: 'kopi' }], ['a'])]),
        COMMITTED,
      )
      await other.caughtUp('lobby')
      const expected = numbered([say('halo'), { type: 'topicSet', topic: 'kopi' }])
      assert.deepEqual(await readAll(other, 'lobby', 0, 10), expected)
      assert.deepEqual(
        byOther.flatMap(({ entries }) => entries),
        expected,
      )
      assert.deepEqual(byOther[0]?.ids, [{ id: 'a', seq: 1 }])
      assert.deepEqual(byOne, [])
      assert.equal((await other.facts('lobby')).length, 1)
    },
  'given two hosts with the same view, when both append, then one is kept, and the other is behind and has it': async ({
    one,
    other,
  }) => {
    for (let race = 1; race <= RACES; race++) {
      const hosts = [one, other]
      for (const host of hosts) await host.caughtUp('lobby')
      const answers = await Promise.all(hosts.map((host, index) => host.append([batch(race, [say(`${index}`)])])))
      assert.deepEqual(answers.map(({ status }) => status).sort(), ['behind', 'committed'])
      const loser = hosts[answers.findIndex(({ status }) => status === 'behind')] as SharedJournal
      assert.deepEqual(await loser.span('lobby'), { first: 1, last: race })
    }
    assert.deepEqual(await readAll(one, 'lobby', 0, 100), await readAll(other, 'lobby', 0, 100))
  },
  'given two hosts that append as fast as they can, then each number is one message, the same at both, and each hears of the other in order':
    async ({ one, other }) => {
      const [byOne, byOther] = [heard(one), heard(other)]
      const speak = async (journal: SharedJournal, name: string) => {
        for (let count = 1; count <= RACES; count++) await say1(journal, `${name} ${count}`, `${name}${count}`)
      }
      await Promise.all([speak(one, 'a'), speak(other, 'b')])
      for (const host of [one, other]) await host.caughtUp('lobby')
      const entries = await readAll(one, 'lobby', 0, 10)
      assert.deepEqual(await readAll(other, 'lobby', 0, 10), entries)
      const texts = entries.map((entry) => ('text' in entry ? entry.text : ''))
      for (const name of ['a', 'b'])
        assert.deepEqual(
          texts.filter((text) => text.startsWith(name)),
          Array.from({ length: RACES }, (_, index) => `${name} ${index + 1}`),
        )
      assert.equal(texts.length, 2 * RACES)
      for (const [heardBy, name] of [
        [byOne, 'b'],
        [byOther, 'a'],
      ] as const)
        assert.deepEqual(
          heardBy.flatMap((each) => each.entries),
          entries.filter((entry) => 'text' in entry && entry.text.startsWith(name)),
        )
    },
  'given an id that was said at one host, when it comes to another, then it is one message': async ({ one, other }) => {
    assert.deepEqual(await one.append([batch(1, [say('halo')], ['a'])]), COMMITTED)
    assert.equal(await say1(other, 'halo', 'a'), 1)
    await other.caughtUp('lobby')
    const again = batch(2, [say('halo'), say('lagi')], ['a', 'b'])
    const known = [{ room: 'lobby', id: 'a', seq: 1 }]
    assert.deepEqual(await other.append([again]), { status: 'duplicate', known })
    assert.deepEqual(await one.span('lobby'), { first: 1, last: 1 })
  },
  'given appends under way at a host, when another comes first, then those that continue them are behind too': async ({
    one,
    other,
  }) => {
    assert.deepEqual(await other.append([batch(1, [say('first')])]), COMMITTED)
    const late = [batch(1, [say('a')]), batch(2, [say('b')])]
    const answers = await Promise.all(late.map((each) => one.append([each])))
    // Where it had heard of the other already, the second happens to fit.
    assert.deepEqual(answers[0], BEHIND)
    await Promise.all([one, other].map((host) => host.caughtUp('lobby')))
    assert.deepEqual(await readAll(one, 'lobby', 0, 10), await readAll(other, 'lobby', 0, 10))
  },
  'a room that one host trims begins at the same place at every host, with the facts that last': async ({
    one,
    other,
  }) => {
    const trimmed: Trimmed[] = []
    other.trimmed$.subscribe((each) => trimmed.push(each))
    await one.append([batch(1, [{ type: 'topicSet', topic: 'kopi' }])])
    for (let seq = 2; seq <= 12; seq++) await one.append([batch(seq, [say(`old ${seq}`)])])
    await one.trim('lobby', 8)
    await other.caughtUp('lobby')
    await until('the trimming', () => trimmed.length > 0)
    assert.deepEqual(trimmed, [{ room: 'lobby', upTo: 8 }])
    for (const host of [one, other]) {
      assert.deepEqual(await host.span('lobby'), { first: 9, last: 12 })
      assert.equal((await host.facts('lobby')).length, 1)
    }
    assert.deepEqual(await other.append([batch(13, [say('new')])]), COMMITTED)
    await one.caughtUp('lobby')
    assert.equal((await readAll(one, 'lobby', 0, 100)).at(-1)?.seq, 13)
  },
  'an append is of one room': async ({ one }) => {
    const hall = new Batch('hall', numbered([say('a')]))
    await assert.rejects(one.append([batch(1, [say('a')]), hall]), RangeError)
  },
}

/** The contract of every journal that several hosts share, beside `journalContract`. */
export function sharedJournalContract(make: () => Promise<SharedJournalsUnderTest>): readonly ContractCase[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    run: async () => {
      const hosts = await make()
      try {
        await check(hosts)
      } finally {
        await hosts.dispose()
      }
    },
  }))
}
