import { describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { decodeHostMessage, hostMessageLimits } from '#protocol/messages.ts'
import type { Framing } from '#server/session/transport.ts'
import { batchEncoder, messagesFor } from '#server/session/transport.ts'
import { AT, ani, budi, cici, joined, reading, said, whole } from '../../../harness/people.ts'

const bare = (message: Uint8Array) => message
const framing: Framing = { frame: bare, batches: batchEncoder(bare) }
const whispered: RoomEvent = { type: 'whispered', seq: 2, at: AT, by: ani, to: budi, text: 'psst' }
const eventsOf = (messages: readonly Uint8Array[]): readonly RoomEvent[] =>
  messages.flatMap((message) => {
    const decoded = decodeHostMessage(message)
    if (decoded?.type !== 'batch') throw new Error('this is no batch')
    return decoded.events
  })

describe('a batch', () => {
  test('is encoded once for all its readers', () => {
    const batch = new Batch('lobby', [said(1), joined(budi)])
    expect(messagesFor(batch, reading(ani), framing)).toBe(messagesFor(batch, reading(budi), framing))
    expect(eventsOf(messagesFor(batch, reading(ani), framing))).toEqual(batch.events)
  })

  test('with a whisper is encoded anew only for those concerned', () => {
    const batch = new Batch('lobby', [said(1), whispered, said(3)])
    expect(eventsOf(messagesFor(batch, reading(ani), framing))).toEqual(batch.events)
    expect(eventsOf(messagesFor(batch, reading(budi), framing))).toEqual(batch.events)
    expect(eventsOf(messagesFor(batch, reading(cici), framing))).toEqual([said(1), said(3)])
    expect(messagesFor(batch, reading(cici), framing)).toBe(
      messagesFor(batch, reading({ id: 'm9', name: 'dodi' }), framing),
    )
  })

  test('with a file that members hand in is encoded anew for its sender and the operators', () => {
    const file = { ...whole, audience: { from: ani, to: 'staff' } } as const
    const handedIn: RoomEvent = { type: 'fileCompleted', seq: 2, at: AT, by: ani, file }
    const batch = new Batch('lobby', [said(1), handedIn, said(3)])
    expect(eventsOf(messagesFor(batch, reading(ani), framing))).toEqual(batch.events)
    expect(eventsOf(messagesFor(batch, reading({ ...budi, role: 'op' }), framing))).toEqual(batch.events)
    expect(eventsOf(messagesFor(batch, reading(cici), framing))).toEqual([said(1), said(3)])
    expect(messagesFor(batch, reading(cici), framing)).toBe(messagesFor(batch, reading(budi), framing))
  })

  test('of other people\u2019s whispers alone is nothing', () => {
    expect(messagesFor(new Batch('lobby', [whispered]), reading(cici), framing)).toEqual([])
  })

  test.each([
    ['many', Array.from({ length: 40_000 }, (_, index) => said(index + 1, 'x'))],
    ['long', Array.from({ length: 100 }, (_, index) => said(index + 1, 'x'.repeat(16_000)))],
    ['long in UTF-8', Array.from({ length: 100 }, (_, index) => said(index + 1, '\u20ac'.repeat(16_000)))],
  ])('of %s events is split into messages that are not too long', (_case, events) => {
    const messages = messagesFor(new Batch('lobby', events), reading(ani), framing)
    expect(messages.length).toBeGreaterThan(1)
    for (const { length } of messages) expect(length).toBeLessThanOrEqual(hostMessageLimits.bytes)
    expect(eventsOf(messages)).toEqual(events)
  })
})
