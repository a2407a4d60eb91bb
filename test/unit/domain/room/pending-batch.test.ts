import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rejected } from '#domain/errors.ts'
import { PendingBatch } from '#domain/room/batch.ts'
import type { Joined, Said } from '#domain/room/events.ts'
import { mailOf, saying, type WatchedMail } from '../../../harness/mail.ts'
import { ani, joined, said, seqsOf, textsOf } from '../../../harness/people.ts'

const READ_ONLY = rejected('READ_ONLY', 'the disk is full')

interface Added {
  readonly event: Said | Joined
  readonly mail: WatchedMail
  readonly id: string | undefined
}

/** A draft after sequence 10: each text is an entry, `+name` a join, `text#id` an entry with an id. */
function draftOf(...told: readonly string[]): { draft: PendingBatch; added: readonly Added[] } {
  const draft = new PendingBatch('lobby', 10)
  let seq = 11
  const added = told.map((each): Added => {
    const [text = '', id] = each.split('#')
    const mail = mailOf(ani)
    const event = each.startsWith('+') ? joined({ id: each, name: each }) : said(seq++, text)
    draft.add(event, mail, id)
    return { event, mail, id }
  })
  return { draft, added }
}

const acksOf = ({ added }: { added: readonly Added[] }) => added.map(({ mail }) => mail.acks)
const ack = (seq: number, duplicate = false) => ({ type: 'ack', seq, duplicate })

describe('what a draft holds', () => {
  it('becomes one batch, with the ids of the entries that have one', () => {
    const { draft, added } = draftOf('a', '+budi', 'b#1', 'c#2')
    expect(draft.size).toBe(4)
    expect(draft.batch).toBe(draft.batch)
    expect(draft.batch.room).toBe('lobby')
    expect(draft.batch.events).toEqual(added.map(({ event }) => event))
    expect(draft.batch.ids).toEqual([
      { id: '1', seq: 12 },
      { id: '2', seq: 13 },
    ])
  })
  it('is acknowledged entry by entry; presence with the sequence before it', () => {
    const made = draftOf('+cici', 'a', '+budi', 'b#1')
    made.draft.acknowledge()
    expect(acksOf(made)).toEqual([[ack(10)], [ack(11)], [ack(11)], [ack(12)]])
  })
  it('is acknowledged to nobody where nobody asked', () => {
    const { draft } = draftOf('a')
    draft.add(said(12), { by: ani, commands: [], refused: () => {} }, undefined)
    expect(() => draft.acknowledge()).not.toThrow()
  })
})

describe('an id that comes twice before its commit', () => {
  it('is answered with the first one and has no entry', () => {
    const { draft, added } = draftOf('a', 'b#1')
    const again = saying(ani, 'b')
    expect(draft.repeats('1', again)).toBe(true)
    expect(draft.size).toBe(2)
    draft.acknowledge()
    expect(again.acks).toEqual([ack(12, true)])
    expect(added[1]?.mail.acks).toEqual([ack(12)])
  })
  it('is not mistaken for another', () => {
    const { draft } = draftOf('b#1')
    expect(draft.repeats('2', saying(ani, 'b'))).toBe(false)
    draft.acknowledge()
  })
})

describe('ids that the journal knows', () => {
  it('leave the draft, and what is behind them moves up', () => {
    const made = draftOf('a#1', 'b', '+budi', 'c#2', 'd#3')
    const kept = made.draft.without([
      { room: 'lobby', id: '1', seq: 4 },
      { room: 'lobby', id: '2', seq: 9 },
    ])
    expect(seqsOf(kept.batch.events)).toEqual([11, 12])
    expect(textsOf(kept.batch.events)).toEqual(['b', 'd'])
    expect(kept.batch.events.map(({ type }) => type)).toEqual(['said', 'joined', 'said'])
    expect(kept.batch.ids).toEqual([{ id: '3', seq: 12 }])
    kept.acknowledge()
    expect(acksOf(made)).toEqual([[ack(4, true)], [ack(11)], [ack(11)], [ack(9, true)], [ack(12)]])
  })
  it('of another room change nothing', () => {
    const { draft } = draftOf('a#1')
    expect(draft.without([{ room: 'kitchen', id: '1', seq: 4 }])).toBe(draft)
  })
  it('answer their repeats with the old sequence, and the repeats of others with the new one', () => {
    const { draft } = draftOf('a#1', 'b#2')
    const [first, second] = [saying(ani, 'a'), saying(ani, 'b')]
    draft.repeats('1', first)
    draft.repeats('2', second)
    const kept = draft.without([{ room: 'lobby', id: '1', seq: 4 }])
    kept.acknowledge()
    expect(first.acks).toEqual([ack(4, true)])
    expect(second.acks).toEqual([ack(11, true)])
  })
  it('can be learned in two steps', () => {
    const made = draftOf('a#1', 'b#2', 'c#3')
    const kept = made.draft.without([{ room: 'lobby', id: '1', seq: 4 }]).without([{ room: 'lobby', id: '3', seq: 5 }])
    kept.acknowledge()
    expect(acksOf(made)).toEqual([[ack(4, true)], [ack(11)], [ack(5, true)]])
    expect(kept.batch.ids).toEqual([{ id: '2', seq: 11 }])
  })
  it('whatever they are: every mail is answered once, sequences stay dense, order stays', () => {
    const each = fc.record({ kind: fc.constantFrom('text', 'id', 'join'), known: fc.boolean() })
    fc.assert(
      fc.property(fc.array(each, { maxLength: 12 }), (all) => {
        const words = all.map(({ kind }, at) => ({ text: `t${at}`, id: `t${at}#${at}`, join: `+j${at}` })[kind])
        const made = draftOf(...words)
        const known = all.flatMap(({ kind, known }, at) =>
          kind === 'id' && known ? [{ room: 'lobby', id: `${at}`, seq: at + 1 }] : [],
        )
        const kept = made.draft.without(known)
        kept.acknowledge()
        const left = all.flatMap(({ kind, known }, at) =>
          kind === 'join' || (kind === 'id' && known) ? [] : [`t${at}`],
        )
        expect(textsOf(kept.batch.events)).toEqual(left)
        expect(seqsOf(kept.batch.events)).toEqual(left.map((_, at) => 11 + at))
        expect(kept.batch.events.filter(({ type }) => type === 'joined')).toHaveLength(
          all.filter(({ kind }) => kind === 'join').length,
        )
        made.added.forEach(({ mail }, at) => {
          const { kind, known } = all[at] as (typeof all)[number]
          if (kind === 'id' && known) expect(mail.acks).toEqual([ack(at + 1, true)])
          else if (kind !== 'join') expect(mail.acks).toEqual([ack(11 + left.indexOf(`t${at}`))])
          else expect(mail.acks).toHaveLength(1)
        })
      }),
    )
  })
})

describe('a draft whose entries are refused', () => {
  it('tells each author once, whatever they had said, and keeps presence', () => {
    const draft = new PendingBatch('lobby', 10)
    const [talker, comer, both] = [mailOf(ani), mailOf(ani), mailOf(ani)]
    draft.add(said(11), talker, undefined)
    draft.add(said(12), talker, undefined)
    draft.add(joined(ani), comer, undefined)
    draft.add(said(13), both, '1')
    const repeat = mailOf(ani)
    draft.repeats('1', repeat)
    const kept = draft.refuseEntries(READ_ONLY)
    expect([talker, comer, both, repeat].map(({ refusals }) => refusals)).toEqual([
      [READ_ONLY],
      [],
      [READ_ONLY],
      [READ_ONLY],
    ])
    expect(kept.batch.events).toEqual([joined(ani)])
    kept.acknowledge()
    expect(comer.acks).toEqual([ack(10)])
    expect([...talker.acks, ...both.acks, ...repeat.acks]).toEqual([])
  })
})
