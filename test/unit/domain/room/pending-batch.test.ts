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

/** A pending batch after sequence 10: each text is an entry, `+name` a join, `text#id` an entry with an id. */
function pendingOf(...told: readonly string[]): { pending: PendingBatch; added: readonly Added[] } {
  const pending = new PendingBatch('lobby', 10)
  let seq = 11
  const added = told.map((each): Added => {
    const [text = '', id] = each.split('#')
    const mail = mailOf(ani)
    const event = each.startsWith('+') ? joined({ id: each, name: each }) : said(seq++, text)
    pending.add(event, mail, id)
    return { event, mail, id }
  })
  return { pending, added }
}

const acksOf = ({ added }: { added: readonly Added[] }) => added.map(({ mail }) => mail.acks)
const ack = (seq: number, duplicate = false) => ({ type: 'ack', seq, duplicate })

describe('what a pending batch holds', () => {
  it('becomes one batch, with the ids of the entries that have one', () => {
    const { pending, added } = pendingOf('a', '+budi', 'b#1', 'c#2')
    expect(pending.size).toBe(4)
    expect(pending.batch).toBe(pending.batch)
    expect(pending.batch.room).toBe('lobby')
    expect(pending.batch.events).toEqual(added.map(({ event }) => event))
    expect(pending.batch.ids).toEqual([
      { id: '1', seq: 12 },
      { id: '2', seq: 13 },
    ])
  })
  it('is acknowledged entry by entry; presence with the sequence before it', () => {
    const made = pendingOf('+cici', 'a', '+budi', 'b#1')
    made.pending.acknowledge()
    expect(acksOf(made)).toEqual([[ack(10)], [ack(11)], [ack(11)], [ack(12)]])
  })
  it('is acknowledged to nobody where nobody asked', () => {
    const { pending } = pendingOf('a')
    pending.add(said(12), { by: ani, commands: [], refused: () => {} }, undefined)
    expect(() => pending.acknowledge()).not.toThrow()
  })
})

describe('an id that comes twice before its commit', () => {
  it('is answered with the first one and has no entry', () => {
    const { pending, added } = pendingOf('a', 'b#1')
    const again = saying(ani, 'b')
    expect(pending.repeats('1', again)).toBe(true)
    expect(pending.size).toBe(2)
    pending.acknowledge()
    expect(again.acks).toEqual([ack(12, true)])
    expect(added[1]?.mail.acks).toEqual([ack(12)])
  })
  it('is not mistaken for another', () => {
    const { pending } = pendingOf('b#1')
    expect(pending.repeats('2', saying(ani, 'b'))).toBe(false)
    pending.acknowledge()
  })
})

describe('ids that the journal knows', () => {
  it('leave the pending, and what is behind them moves up', () => {
    const made = pendingOf('a#1', 'b', '+budi', 'c#2', 'd#3')
    const kept = made.pending.without([
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
    const { pending } = pendingOf('a#1')
    expect(pending.without([{ room: 'kitchen', id: '1', seq: 4 }])).toBe(pending)
  })
  it('answer their repeats with the old sequence, and the repeats of others with the new one', () => {
    const { pending } = pendingOf('a#1', 'b#2')
    const [first, second] = [saying(ani, 'a'), saying(ani, 'b')]
    pending.repeats('1', first)
    pending.repeats('2', second)
    const kept = pending.without([{ room: 'lobby', id: '1', seq: 4 }])
    kept.acknowledge()
    expect(first.acks).toEqual([ack(4, true)])
    expect(second.acks).toEqual([ack(11, true)])
  })
  it('can be learned in two steps', () => {
    const made = pendingOf('a#1', 'b#2', 'c#3')
    const kept = made.pending
      .without([{ room: 'lobby', id: '1', seq: 4 }])
      .without([{ room: 'lobby', id: '3', seq: 5 }])
    kept.acknowledge()
    expect(acksOf(made)).toEqual([[ack(4, true)], [ack(11)], [ack(5, true)]])
    expect(kept.batch.ids).toEqual([{ id: '2', seq: 11 }])
  })
  it('whatever they are: every mail is answered once, sequences stay dense, order stays', () => {
    const each = fc.record({ kind: fc.constantFrom('text', 'id', 'join'), known: fc.boolean() })
    fc.assert(
      fc.property(fc.array(each, { maxLength: 12 }), (all) => {
        const words = all.map(({ kind }, at) => ({ text: `t${at}`, id: `t${at}#${at}`, join: `+j${at}` })[kind])
        const made = pendingOf(...words)
        const known = all.flatMap(({ kind, known }, at) =>
          kind === 'id' && known ? [{ room: 'lobby', id: `${at}`, seq: at + 1 }] : [],
        )
        const kept = made.pending.without(known)
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

describe('a pending whose entries are refused', () => {
  it('tells each author once, whatever they had said, and keeps presence', () => {
    const pending = new PendingBatch('lobby', 10)
    const [talker, comer, both] = [mailOf(ani), mailOf(ani), mailOf(ani)]
    pending.add(said(11), talker, undefined)
    pending.add(said(12), talker, undefined)
    pending.add(joined(ani), comer, undefined)
    pending.add(said(13), both, '1')
    const repeat = mailOf(ani)
    pending.repeats('1', repeat)
    const kept = pending.refuseEntries(READ_ONLY)
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
