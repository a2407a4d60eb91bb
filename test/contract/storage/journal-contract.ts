import assert from 'node:assert/strict'
import { isShared, type Journal } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import { type Entry, lastSeqOf } from '#domain/room/events.ts'
import { isFact, publicFacts } from '#domain/room/facts.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import type { ContractCase } from './contract.ts'
import { PLENTY, searchCases } from './journal-search-contract.ts'
import { ani, type JournalUnderTest, numbered, readAll, Subject, type UnnumberedEntry } from './journal-subject.ts'

export type { JournalUnderTest } from './journal-subject.ts'

const say = (text: string): UnnumberedEntry => ({ type: 'said', text })
const file = { id: 'f1', name: 'lagu.mp3', size: 7 }
const whole = { ...file, sha256: 'a'.repeat(64) }
const kinds: readonly UnnumberedEntry[] = [
  say('halo'),
  { type: 'acted', text: 'menari' },
  { type: 'whispered', to: { id: 'm2', name: 'budi' }, text: 'pst' },
  { type: 'topicSet', topic: 'kopi' },
  { type: 'fileOffered', file },
  { type: 'fileOffered', file: { id: 'f2', name: 'no size.txt' } },
  { type: 'fileOffered', file: { id: 'f3', name: 'owned.txt' }, owner: 'a word' },
  { type: 'fileCompleted', file: whole },
  { type: 'fileReceived', file },
  { type: 'fileWithdrawn', file, reason: 'gone' },
  { type: 'opped', to: { id: 'm2', name: 'budi' }, person: 'p2' },
  { type: 'deopped', name: 'budi', person: 'p2' },
  { type: 'muted', name: 'budi', reason: 'later' },
  { type: 'unmuted', name: 'budi' },
  { type: 'banned', name: 'budi' },
  { type: 'unbanned', name: 'budi' },
  { type: 'locked' },
  { type: 'unlocked' },
  { type: 'muted', name: 'budi', persons: ['p2'] },
  { type: 'banned', name: 'budi', reason: 'spam', persons: ['p2', 'p3'] },
  { type: 'deopped', name: 'budi', person: 'p2', persons: ['p3'] },
  // All of a full room were inside.
  { type: 'locked', persons: Array.from({ length: 10_000 }, (_, index) => `${index}`.padStart(22, 'p')) },
  { type: 'shutOut', person: 'p2' },
  { type: 'collectionStarted' },
  { type: 'collectionEnded' },
  { type: 'slowModeSet', seconds: 10 },
  { type: 'expirySet', seconds: 604_800 },
  { type: 'passwordSet' },
  { type: 'passwordRemoved' },
  { type: 'fileOffered', file: { ...file, audience: { from: ani, to: { id: 'm2', name: 'budi' } } } },
  { type: 'fileCompleted', file: { ...whole, audience: { from: ani, to: 'staff' } } },
]
const hostile = [
  '',
  '\0',
  '\u001b[2J\r\n',
  '\u202e\u2028',
  "'; DROP TABLE batches; --",
  '😀👨‍👩‍👧',
  'e\u0301',
  '\ufffd',
  'x'.repeat(70_000),
]

const budi = { id: 'm2', name: 'budi' }
const COMMITTED = { status: 'committed' }
const BEHIND = { status: 'behind' }
const removed = (seq: number, target: number) => ({ type: 'messageRemoved', seq, at: 1, by: budi, target }) as const
/** As readers see it; each placeholder has a trace of what was there. */
const readErased = async ({ journal }: Subject): Promise<Entry[]> => {
  const entries = await readAll(journal, 'lobby', 0, 100)
  const traces = entries.flatMap((entry) => (entry.type === 'erased' ? [entry.trace] : []))
  assert.ok(traces.every((trace) => trace?.length === 23) && new Set(traces).size === traces.length)
  return publicFacts(entries) as Entry[]
}
/** A batch of another room in the same append: those of a shared journal are of one room. */
const beside = (journal: Journal, batch: Batch): readonly Batch[] => (isShared(journal) ? [] : [batch])
const found = async ({ journal }: Subject): Promise<number[]> =>
  (await journal.search('lobby', 'kopi', 10_000, PLENTY)).map(lastSeqOf)

type Check = (subject: Subject) => Promise<void>

const cases: Readonly<Record<string, Check>> = {
  'an unknown room has no span, no entries, no facts and is not listed': async ({ journal }) => {
    assert.equal(await journal.span('nowhere'), undefined)
    assert.deepEqual(await journal.read('nowhere', 0, 10), [])
    assert.deepEqual(await journal.facts('nowhere'), [])
    assert.equal((await journal.rooms()).size, 0)
    await journal.trim('nowhere', 10)
  },
  'what was appended is read as it was, whatever its type': async (subject) => {
    await subject.append('lobby', kinds)
    assert.deepEqual(await readAll(subject.journal, 'lobby', 0, 100), numbered(kinds))
    assert.deepEqual(await subject.journal.span('lobby'), { first: 1, last: kinds.length })
  },
  'hostile text, long text and any room name come back as they were': async (subject) => {
    const drafts = hostile.map(say)
    for (const room of hostile.map((text) => text.slice(0, 64))) await subject.append(room, drafts)
    await subject.reopen()
    for (const room of hostile.map((text) => text.slice(0, 64))) {
      assert.deepEqual(await readAll(subject.journal, room, 0, 3), numbered(drafts))
    }
    assert.equal((await subject.journal.rooms()).size, hostile.length)
  },
  'a batch of a thousand entries is one batch': async (subject) => {
    const drafts = Array.from({ length: 1000 }, (_, index) => say(`line ${index}`))
    await subject.append('lobby', drafts)
    const batches = await subject.journal.read('lobby', 0, 1)
    assert.equal(batches.length, 1)
    assert.deepEqual(batches[0]?.entries, numbered(drafts))
  },
  'presence is not kept, and batches without entries are ignored': async ({ journal }) => {
    const joined = { type: 'joined', by: ani } as const
    assert.deepEqual(await journal.append([]), { status: 'committed' })
    assert.deepEqual(await journal.append([new Batch('lobby', [joined])]), { status: 'committed' })
    assert.equal(await journal.span('lobby'), undefined)
    await journal.append([new Batch('lobby', [joined, ...numbered([say('one')])]), new Batch('hall', [joined])])
    assert.deepEqual(await readAll(journal, 'lobby', 0, 10), numbered([say('one')]))
    assert.deepEqual(await journal.rooms(), new Map([['lobby', { first: 1, last: 1 }]]))
  },
  'several batches in one append are kept together, also of one room': async ({ journal }) => {
    const one = new Batch('lobby', numbered([say('one'), say('two')]))
    const next = new Batch('lobby', numbered([say('three')], 3))
    const rooms = beside(journal, new Batch('hall', numbered([say('elsewhere')])))
    assert.deepEqual(await journal.append([one, ...rooms, next]), { status: 'committed' })
    assert.deepEqual(await journal.span('lobby'), { first: 1, last: 3 })
    assert.deepEqual([...(await journal.rooms()).keys()].sort(), [...rooms.map(({ room }) => room), 'lobby'])
  },
  'a batch that does not continue its room is behind, and nothing of its append is kept': async (subject) => {
    await subject.append('lobby', [say('one')])
    const good = new Batch('hall', numbered([say('good')]))
    for (const first of [1, 3]) {
      const bad = new Batch('lobby', numbered([say('bad')], first))
      assert.deepEqual(await subject.journal.append([...beside(subject.journal, good), bad]), BEHIND)
    }
    const torn = new Batch('lobby', [...numbered([say('two')], 2), ...numbered([say('four')], 4)])
    await assert.rejects(subject.journal.append([...beside(subject.journal, good), torn]), RangeError)
    assert.equal(await subject.journal.span('hall'), undefined)
    assert.deepEqual(await subject.journal.span('lobby'), { first: 1, last: 1 })
    await subject.append('lobby', [say('two')])
  },
  'given an append under way, when the next is called, then both are kept and answered in the order of the calls':
    async (subject) => {
      const { journal } = subject
      const answers: number[] = []
      const appending = Array.from({ length: 20 }, (_, index) =>
        journal.append([new Batch('lobby', numbered([say(`line ${index}`)], index + 1))]).then((appended) => {
          answers.push(index)
          return appended
        }),
      )
      assert.deepEqual(await Promise.all(appending), Array(20).fill(COMMITTED))
      assert.deepEqual(answers, [...answers.keys()])
      await subject.reopen()
      const drafts = Array.from({ length: 20 }, (_, index) => say(`line ${index}`))
      assert.deepEqual(await readAll(subject.journal, 'lobby', 0, 100), numbered(drafts))
    },
  'given an append that wrote nothing, when others are under way behind it, then those that continue it are behind, and no others':
    async (subject) => {
      await subject.append('lobby', [say('one')], ['a'])
      const { journal } = subject
      const again = new Batch('lobby', numbered([say('one'), say('two')], 2), [
        { id: 'a', seq: 2 },
        { id: 'b', seq: 3 },
      ])
      const next = new Batch('lobby', numbered([say('three')], 4), [{ id: 'c', seq: 4 }])
      const answers = await Promise.all([
        journal.append([again]),
        journal.append([...beside(journal, new Batch('hall', numbered([say('along')]))), next]),
        journal.append([new Batch('hall', numbered([say('alone')]))]),
        // Decided again.
        journal.append([new Batch('lobby', numbered([say('two')], 2), [{ id: 'b', seq: 2 }])]),
        journal.append([new Batch('lobby', numbered([say('three')], 3), [{ id: 'c', seq: 3 }])]),
      ])
      const known = [{ room: 'lobby', id: 'a', seq: 1 }]
      assert.deepEqual(answers, [{ status: 'duplicate', known }, BEHIND, COMMITTED, COMMITTED, COMMITTED])
      await subject.reopen()
      const drafts = [say('one'), say('two'), say('three')]
      assert.deepEqual(await readAll(subject.journal, 'lobby', 0, 10), numbered(drafts))
      assert.deepEqual(await readAll(subject.journal, 'hall', 0, 10), numbered([say('alone')]))
    },
  'given an append under way, when the journal is closed, then what was answered is kept, and all of it': async (
    subject,
  ) => {
    const { journal } = subject
    const batches = [1, 2, 3].map((seq) => new Batch('lobby', numbered([say(`line ${seq}`)], seq)))
    const appending = batches.map((batch) => journal.append([batch]))
    await journal.close()
    assert.deepEqual(await Promise.all(appending), Array(3).fill(COMMITTED))
    await subject.reopen()
    await subject.journal.open()
    assert.deepEqual(await subject.journal.span('lobby'), { first: 1, last: 3 })
  },
  'a known command id is told with its sequence, and nothing is written': async (subject) => {
    await subject.append('lobby', [say('one'), say('two')], ['a', 'b'])
    await subject.reopen()
    const again = new Batch('lobby', numbered([say('two'), say('three')], 3), [
      { id: 'b', seq: 3 },
      { id: 'c', seq: 4 },
    ])
    const appended = await subject.journal.append([
      ...beside(subject.journal, new Batch('hall', numbered([say('x')]))),
      again,
    ])
    assert.deepEqual(appended, { status: 'duplicate', known: [{ room: 'lobby', id: 'b', seq: 2 }] })
    assert.deepEqual([...(await subject.journal.rooms()).keys()], ['lobby'])
    await subject.append('lobby', [say('three')], ['c'])
  },
  'the same command id in another room is a new one': async (subject) => {
    await subject.append('lobby', [say('one')], ['a'])
    await subject.append('hall', [say('one')], ['a'])
    assert.deepEqual(await subject.journal.span('hall'), { first: 1, last: 1 })
  },
  'a command id twice in one append is refused': async ({ journal }) => {
    const ids = [1, 2].map((seq) => ({ id: 'a', seq }))
    await assert.rejects(journal.append([new Batch('lobby', numbered([say('one'), say('two')]), ids)]), RangeError)
    assert.equal(await journal.span('lobby'), undefined)
  },
  'reading starts at any sequence, in the middle of a stored batch too': async (subject) => {
    for (let batch = 0; batch < 10; batch += 1) await subject.append('lobby', Array(7).fill(say(`batch ${batch}`)))
    for (let after = 0; after <= 71; after += 1) {
      const batches = await subject.journal.read('lobby', after, 1)
      assert.equal(batches[0]?.first, after < 70 ? after + 1 : undefined)
      assert.ok(batches.every((batch) => batch.entries.every((entry) => entry.seq > after)))
    }
  },
  'paging gives everything exactly once, whatever the page': async (subject) => {
    const drafts = Array.from({ length: 60 }, (_, index) => say(`line ${index}`))
    for (let at = 0; at < 60; at += 6) await subject.append('lobby', drafts.slice(at, at + 6))
    for (const limit of [0, 1, 5, 6, 7, 59, 1000]) {
      assert.deepEqual(await readAll(subject.journal, 'lobby', 0, limit), numbered(drafts))
    }
    assert.ok((await subject.journal.read('lobby', 0, 10)).length <= 3, 'a page holds about what was asked for')
  },
  'facts are the topics and files of a room, in order': async (subject) => {
    for (let round = 0; round < 270; round += 1) await subject.append('lobby', kinds.slice(round % 3))
    await subject.append('hall', [say('no facts')])
    const facts = await subject.journal.facts('lobby')
    assert.equal(facts.length, 270 * kinds.filter((draft) => isFact(numbered([draft])[0]!)).length)
    assert.deepEqual(facts, (await readAll(subject.journal, 'lobby', 0, 100)).filter(isFact))
    assert.deepEqual(await subject.journal.facts('hall'), [])
  },
  'trimming forgets old entries but for facts that still say something, and the sequence goes on': async (subject) => {
    const { journal } = subject
    const drafts = [say('old'), ...kinds]
    for (let batch = 0; batch < 5; batch += 1) await subject.append('lobby', drafts)
    const facts = await journal.facts('lobby')
    const first = 2 * drafts.length + 1
    const last = 5 * drafts.length
    // In the middle of the third batch.
    await journal.trim('lobby', first + 4)
    await subject.reopen()
    assert.deepEqual(await subject.journal.span('lobby'), { first, last })
    const left = await readAll(subject.journal, 'lobby', 0, 4)
    assert.deepEqual(
      left.map(({ seq }) => seq),
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    )
    const lasting = new RetainedFacts()
    for (const fact of facts) lasting.take(fact)
    const kept = facts.filter(({ seq }) => seq >= first || lasting.has(seq))
    assert.ok(kept.length < facts.length)
    assert.deepEqual(await subject.journal.facts('lobby'), kept)
    assert.equal((await subject.journal.search('lobby', 'old', 100, PLENTY)).length, 3)
    await subject.journal.trim('lobby', 3)
    assert.equal((await subject.journal.span('lobby'))?.first, first)
    await subject.append('lobby', [say('new')])
  },
  'facts have an end, however often topics are set and uploads begun and withdrawn': async (subject) => {
    const upload = { id: 'u1', name: 'u.txt' }
    await subject.append('lobby', [{ type: 'fileCompleted', file: whole }])
    for (let round = 0; round < 12; round += 1) {
      const again: UnnumberedEntry[] = [
        { type: 'topicSet', topic: `topic ${round}` },
        { type: 'fileOffered', file: { ...upload, id: `u${round}` } },
        { type: 'fileWithdrawn', file: { ...upload, id: `u${round}` }, reason: 'r' },
        { type: 'fileReceived', file },
      ]
      for (const draft of again) await subject.append('lobby', [draft, say('between')])
      const span = await subject.journal.span('lobby')
      await subject.journal.trim('lobby', (span?.last ?? 0) - 2)
    }
    await subject.reopen()
    const facts = await subject.journal.facts('lobby')
    assert.deepEqual(
      facts.map(({ type }) => type),
      ['fileCompleted', 'fileReceived', 'topicSet', 'fileReceived'],
    )
    const [topic] = facts.filter((fact) => fact.type === 'topicSet')
    assert.equal(topic?.topic, 'topic 11')
  },
  'a room that was trimmed to its end keeps its place in the sequence': async (subject) => {
    for (let count = 0; count < 120; count += 1) await subject.append('lobby', [say('old')])
    await subject.journal.trim('lobby', 1_000_000)
    await subject.reopen()
    assert.deepEqual(await subject.journal.span('lobby'), { first: 121, last: 120 })
    assert.deepEqual(await subject.journal.read('lobby', 0, 10), [])
    await subject.append('lobby', [say('new')])
    const [entry, ...others]: readonly Entry[] = await readAll(subject.journal, 'lobby', 0, 10)
    assert.equal(entry?.seq, 121)
    assert.equal(others.length, 0)
  },
  'a trimmed command id is forgotten with its entry': async (subject) => {
    await subject.append('lobby', [say('one')], ['a'])
    await subject.append('lobby', [say('two')], ['b'])
    await subject.journal.trim('lobby', 1)
    await subject.append('lobby', [say('again')], ['a'])
    const again = new Batch('lobby', numbered([say('two')], 4), [{ id: 'b', seq: 4 }])
    assert.equal((await subject.journal.append([again])).status, 'duplicate')
  },
  'an erased message is read as erased in its place, never found, and everything else stays': async (subject) => {
    const whisper: UnnumberedEntry = { type: 'whispered', to: { id: 'm2', name: 'budi' }, text: 'rahasia' }
    const drafts = [say('kopi satu'), say('kopi dua'), whisper, { type: 'topicSet', topic: 'kopi' }] as const
    await subject.append('lobby', drafts, ['a', 'b'])
    await subject.append('lobby', [say('kopi tiga')])
    await subject.append('hall', drafts)
    const hall = await readAll(subject.journal, 'hall', 0, 10)
    assert.deepEqual(await found(subject), [1, 2, 4, 5])
    const facts = await subject.journal.facts('lobby')
    const [one, two, three, topic, five] = await readAll(subject.journal, 'lobby', 0, 10)
    assert.equal(await subject.journal.erase('lobby', [removed(6, 2), removed(7, 3)]), 'erased')
    const left = [
      one,
      { type: 'erased', seq: 2, at: two!.at, by: budi },
      { type: 'erased', seq: 3, at: three!.at, by: budi, audience: { from: ani, to: { id: 'm2', name: 'budi' } } },
      ...[topic, five],
    ]
    for (const again of ['as it is', 'reopened']) {
      if (again === 'reopened') await subject.reopen()
      assert.deepEqual(await readErased(subject), left)
      assert.deepEqual(await subject.journal.facts('lobby'), facts)
      assert.deepEqual(await subject.journal.span('lobby'), { first: 1, last: 5 })
      assert.deepEqual(await found(subject), [1, 4, 5])
      assert.equal(await subject.journal.erase('lobby', [removed(6, 2), removed(7, 3)]), 'erased')
    }
    assert.deepEqual(await readAll(subject.journal, 'hall', 0, 10), hall)
    // Its command is known as before, and what follows has its place.
    const again = new Batch('lobby', numbered([say('kopi dua')], 6), [{ id: 'b', seq: 6 }])
    assert.equal((await subject.journal.append([again])).status, 'duplicate')
    await subject.append('lobby', [say('kopi empat')])
    assert.deepEqual(await found(subject), [1, 4, 5, 6])
  },
  'what is cleared is erased up to there, whatever its batch, and the rest stays': async (subject) => {
    for (let batch = 0; batch < 40; batch += 1)
      await subject.append('lobby', [say(`kopi ${batch}`), { type: 'topicSet', topic: `kopi ${batch}` }, say('teh')])
    const before = await readAll(subject.journal, 'lobby', 0, 100)
    const facts = await subject.journal.facts('lobby')
    // In the middle of a batch; the index has seen some of it.
    assert.equal((await found(subject)).length, 80)
    assert.equal(
      await subject.journal.erase('lobby', [{ type: 'cleared', seq: 121, at: 1, by: budi, upTo: 61 }]),
      'erased',
    )
    await subject.reopen()
    const left = await readErased(subject)
    for (const [index, entry] of left.entries()) {
      const was = before[index]!
      if (was.seq > 61 || was.type === 'topicSet') assert.deepEqual(entry, was)
      else assert.deepEqual(entry, { type: 'erased', seq: was.seq, at: was.at, by: budi })
    }
    assert.deepEqual(await subject.journal.facts('lobby'), facts)
    assert.equal((await found(subject)).length, 80 - 21)
  },
  'erasing what is trimmed, not there, or of an unknown room is no error': async (subject) => {
    for (let count = 0; count < 120; count += 1) await subject.append('lobby', [say('old')])
    await subject.journal.trim('lobby', 60)
    const before = await readAll(subject.journal, 'lobby', 0, 100)
    const first = before[0]!.seq
    assert.equal(
      await subject.journal.erase('lobby', [removed(121, first - 1), removed(122, 1), removed(123, 900)]),
      'erased',
    )
    assert.equal(await subject.journal.erase('nowhere', [removed(2, 1)]), 'erased')
    assert.deepEqual(await readAll(subject.journal, 'lobby', 0, 100), before)
    assert.equal(
      await subject.journal.erase('lobby', [{ type: 'cleared', seq: 124, at: 1, by: budi, upTo: 119 }]),
      'erased',
    )
    const left = await readAll(subject.journal, 'lobby', 0, 100)
    assert.deepEqual(
      left.map(({ seq, type }) => [seq, type]),
      before.map(({ seq }) => [seq, seq === 120 ? 'said' : 'erased']),
    )
    await subject.journal.trim('lobby', 110)
    await subject.append('lobby', [say('new')])
  },
  'a message that is searched for while it is erased is found or gone, and nothing else is missing': async (
    subject,
  ) => {
    for (let batch = 0; batch < 30; batch += 1)
      await subject.append(
        'lobby',
        Array.from({ length: 20 }, (_, index) => say(`kopi ${batch * 20 + index + 1}`)),
      )
    const targets = [1, 20, 21, 300, 599, 600]
    const erasing = targets.map((target, index) => subject.journal.erase('lobby', [removed(601 + index, target)]))
    const searching = Array.from({ length: 4 }, () => found(subject))
    await Promise.all([...erasing, subject.append('lobby', [say('kopi baru')])])
    for (const seqs of await Promise.all(searching))
      for (let seq = 1; seq <= 600; seq += 1) assert.ok(targets.includes(seq) || seqs.includes(seq), `${seq} is found`)
    const left = await found(subject)
    assert.equal(left.length, 601 - targets.length)
    assert.ok(!left.some((seq) => targets.includes(seq)))
  },
  'opening and closing are idempotent': async ({ journal }) => {
    await Promise.all([journal.open(), journal.open()])
    await Promise.all([journal.close(), journal.close()])
    await journal.close()
  },
}

/** The contract of every journal. `make` answers an open, empty one; `reopen`, for persistent ones, closes it and opens it again. */
export function journalContract(make: () => Promise<JournalUnderTest>): readonly ContractCase[] {
  return Object.entries({ ...cases, ...searchCases }).map(([name, check]) => ({
    name,
    run: async () => {
      const subject = new Subject(await make())
      try {
        await check(subject)
        await subject.verifyKept()
      } finally {
        await subject.dispose()
      }
    },
  }))
}
