import { describe, expect, test } from 'vitest'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Ack } from '#domain/room/commands.ts'
import { Outbox, type Talk } from '#web/timeline/outbox.ts'
import { ani, budi, said } from '../../harness/people.ts'
import { turn } from '../../harness/turns.ts'

const ack = (seq: number, duplicate = false): Ack => ({ type: 'ack', seq, duplicate })

function opened(kept: readonly Talk[] = []) {
  const sent: { readonly talk: Talk; answer: (answer: Ack | Rejected) => void }[] = []
  let ids = 0
  let remembered: readonly Talk[] = kept
  const outbox = new Outbox({
    send: (talk) => new Promise((answer) => sent.push({ talk, answer })),
    newId: () => `id${++ids}`,
    kept,
    keep: (talks) => {
      remembered = talks
    },
  })
  const texts = () => outbox.pending.value.map(({ talk, status }) => [talk.text, status])
  return { outbox, sent, texts, kept: () => remembered.map(({ id }) => id) }
}

describe('what was said here', () => {
  test('is shown until it stands in the room, whether the answer or the entry comes first', async () => {
    const { outbox, sent, texts, kept } = opened()
    outbox.say({ type: 'say', text: 'one' })
    outbox.say({ type: 'say', text: 'two' })
    expect([texts(), kept()]).toEqual([
      [
        ['one', 'waiting'],
        ['two', 'waiting'],
      ],
      ['id1', 'id2'],
    ])
    sent[0]?.answer(ack(7))
    await turn()
    expect(texts()[0]).toEqual(['one', 'kept'])
    outbox.heard(said(7, 'one'), ani.id)
    outbox.heard(said(8, 'two'), ani.id)
    expect([texts(), kept()]).toEqual([[], []])
    sent[1]?.answer(ack(8))
    await turn()
    expect(texts()).toEqual([])
  })

  test('is not taken for what somebody else says', () => {
    const { outbox, texts } = opened()
    outbox.say({ type: 'say', text: 'one' })
    outbox.heard(said(7, 'one', budi), ani.id)
    expect(texts()).toEqual([['one', 'waiting']])
  })

  test('stays where it was refused, and is sent again under its id', async () => {
    const { outbox, sent, texts, kept } = opened()
    outbox.say({ type: 'say', text: 'one' })
    sent[0]?.answer(rejected('MUTED', 'you can only read'))
    await turn()
    expect([texts(), kept()]).toEqual([[['one', 'failed']], []])
    outbox.retry('id1')
    expect(sent.map(({ talk }) => talk.id)).toEqual(['id1', 'id1'])
    outbox.discard('id1')
    expect(texts()).toEqual([])
  })

  test('outlives the page: what may not have got there is sent again under its id, and is gone where the room had it', async () => {
    const first = opened()
    first.outbox.say({ type: 'say', text: 'one' })
    first.sent[0]?.answer(rejected('CLOSED', 'whether the host has this is not known'))
    await turn()
    expect(first.kept()).toEqual(['id1'])
    const { outbox, sent, texts } = opened([{ type: 'say', text: 'one', id: 'id1' }])
    outbox.resume(20)
    expect(sent[0]?.talk.id).toBe('id1')
    sent[0]?.answer(ack(12, true))
    await turn()
    expect(texts()).toEqual([])
  })
})
