import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import { initialState } from '#domain/room/state.ts'
import { AT, ani, budi, cici } from '../../../harness/people.ts'

type PendingBatch = Entry extends infer Each ? (Each extends Entry ? Omit<Each, 'seq' | 'at' | 'by'> : never) : never

const numbered = (pendingBatches: readonly PendingBatch[], by = ani) =>
  pendingBatches.map((pending, index) => ({ seq: index + 1, at: AT + index, by, ...pending }) as Entry)

/** Given these facts, these of them last, by their sequences. */
function lasting(facts: readonly Entry[]): number[] {
  const last = new RetainedFacts()
  for (const fact of facts) last.take(fact)
  return facts.filter(({ seq }) => last.has(seq)).map(({ seq }) => seq)
}

const stateOf = (facts: readonly Entry[]) => {
  const state = initialState('lobby')
  for (const fact of facts) evolve(state, fact)
  const { files, rules, ops, voices, bans, mutes, insiders } = state
  return { files, rules, ops, voices: new Map([...voices].sort()), bans, mutes, insiders }
}

const file = { id: 'f', name: 'a' }
const whole = { ...file, size: 1, sha256: 'ab'.repeat(32) }

describe('what lasts of a room’s facts', () => {
  it('is the newest topic', () => {
    const topics = ['a', 'b', 'c'].map((topic): PendingBatch => ({ type: 'topicSet', topic }))
    expect(lasting(numbered(topics))).toEqual([3])
  })
  it('is of a file on its way the newest offer, and of a whole one that it is, and who has it', () => {
    const offers: PendingBatch[] = [
      { type: 'fileOffered', file },
      { type: 'fileOffered', file: { ...file, size: 1 } },
    ]
    expect(lasting(numbered(offers))).toEqual([2])
    const received: PendingBatch[] = [
      { type: 'fileCompleted', file: whole },
      { type: 'fileReceived', file },
    ]
    expect(lasting(numbered([...offers, ...received, { type: 'fileReceived', file }]))).toEqual([3, 4])
    const served: PendingBatch = { type: 'fileServed', file }
    expect(lasting(numbered([...offers, ...received, served, served]))).toEqual([3, 4, 5])
  })
  it('is nothing of an upload that was withdrawn', () =>
    expect(
      lasting(
        numbered([
          { type: 'fileOffered', file },
          { type: 'fileWithdrawn', file, reason: 'r' },
        ]),
      ),
    ).toEqual([]))
  it('is of a whole file that is gone that it is, also when only that is left, and not for ever', () => {
    const gone: PendingBatch[] = [
      { type: 'fileCompleted', file: whole },
      { type: 'fileReceived', file },
      { type: 'fileWithdrawn', file, reason: 'r' },
    ]
    expect(lasting(numbered(gone))).toEqual([3])
    expect(lasting(numbered(gone).slice(2))).toEqual([3])
    const many = Array.from({ length: 10_100 }, (_, index): PendingBatch[] => [
      { type: 'fileCompleted', file: { ...whole, id: `f${index}` } },
      { type: 'fileWithdrawn', file: { ...file, id: `f${index}` }, reason: 'r' },
    ])
    expect(lasting(numbered(many.flat()))).toHaveLength(10_000)
  })
  it('is of what was laid down what holds, however often it was taken back', () => {
    const again: PendingBatch[] = [
      { type: 'locked', persons: ['p'] },
      { type: 'shutOut', person: 'p' },
      { type: 'unlocked' },
      { type: 'muted', name: 'budi', persons: ['p'] },
      { type: 'unmuted', name: 'Budi' },
      { type: 'banned', name: 'cici', persons: ['q'] },
      { type: 'unbanned', name: 'cici' },
      { type: 'collectionStarted' },
      { type: 'collectionEnded' },
      { type: 'slowModeSet', seconds: 10 },
      { type: 'slowModeSet', seconds: 0 },
      { type: 'expirySet', seconds: 86_400 },
      { type: 'expirySet', seconds: 0 },
      { type: 'inviteOnlySet', on: true, persons: ['p'] },
      { type: 'shutOut', person: 'p' },
      { type: 'inviteOnlySet', on: false },
      { type: 'topicLockSet', on: true },
      { type: 'topicLockSet', on: false },
      { type: 'voiced', to: budi, person: 'p' },
      { type: 'unvoiced', name: 'budi', person: 'p' },
      { type: 'mostMembersSet', most: 9 },
    ]
    const often = Array.from({ length: 100 }, () => again).flat()
    expect(lasting(numbered(often)).map((seq) => seq - often.length + again.length)).toEqual([
      3, 5, 7, 9, 11, 13, 16, 18, 20, 21,
    ])
  })
  it('is nothing of a ban that was lifted while nobody new came in, once everybody may', () => {
    for (const [close, open] of [
      [{ type: 'locked' }, { type: 'unlocked' }],
      [
        { type: 'inviteOnlySet', on: true },
        { type: 'inviteOnlySet', on: false },
      ],
    ] as const) {
      const ban: PendingBatch[] = [
        { type: 'banned', name: 'budi', persons: ['p'] },
        { type: 'unbanned', name: 'budi' },
      ]
      expect(lasting(numbered([close, ...ban])).slice(-2)).toEqual([2, 3])
      expect(lasting(numbered([close, ...ban, open]))).not.toContain(2)
    }
  })
  it('makes the same room, whatever happened, and however often it is thinned', () => {
    const id = fc.constantFrom('f', 'g')
    const pending: fc.Arbitrary<PendingBatch> = fc.oneof(
      fc.string().map((topic): PendingBatch => ({ type: 'topicSet', topic })),
      id.map((id): PendingBatch => ({ type: 'fileOffered', file: { ...file, id } })),
      id.map((id): PendingBatch => ({ type: 'fileCompleted', file: { ...whole, id } })),
      id.map((id): PendingBatch => ({ type: 'fileWithdrawn', file: { ...file, id }, reason: 'r' })),
      id.map((id): PendingBatch => ({ type: 'fileReceived', file: { ...file, id } })),
      id.map((id): PendingBatch => ({ type: 'fileServed', file: { ...file, id } })),
      fc.constantFrom<PendingBatch>({ type: 'locked' }, { type: 'unlocked' }, { type: 'locked', persons: ['p', 'q'] }),
      fc.constantFrom<PendingBatch>(
        { type: 'shutOut', person: 'p' },
        { type: 'collectionStarted' },
        { type: 'collectionEnded' },
        { type: 'slowModeSet', seconds: 10 },
        { type: 'slowModeSet', seconds: 0 },
        { type: 'expirySet', seconds: 86_400 },
        { type: 'expirySet', seconds: 0 },
        { type: 'inviteOnlySet', on: true, persons: ['p', 'q'] },
        { type: 'inviteOnlySet', on: true },
        { type: 'inviteOnlySet', on: false },
        { type: 'topicLockSet', on: true },
        { type: 'topicLockSet', on: false },
        { type: 'moderatorsSpeakSet', on: true },
        { type: 'moderatorsSpeakSet', on: false },
        { type: 'unlistedSet', on: true },
        { type: 'mostMembersSet', most: 9 },
        { type: 'voiced', to: budi, person: 'p' },
        { type: 'voiced', to: cici, person: 'q' },
        { type: 'unvoiced', name: 'budi', person: 'p' },
      ),
      fc
        .constantFrom('budi', 'Budi', 'cici')
        .chain((name) =>
          fc.constantFrom<PendingBatch>(
            { type: 'muted', name, persons: ['p'] },
            { type: 'unmuted', name },
            { type: 'banned', name },
            { type: 'banned', name, persons: ['p'] },
            { type: 'banned', name, persons: ['q'] },
            { type: 'unbanned', name },
          ),
        ),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(pending, fc.constantFrom(ani, budi))), fc.nat(20), (pendingBatches, at) => {
        const facts = pendingBatches.map(
          ([pending, by], index) => ({ seq: index + 1, at: AT + index, by, ...pending }) as Entry,
        )
        const thinned = (all: readonly Entry[]) => {
          const seqs = new Set(lasting(all))
          return all.filter(({ seq }) => seqs.has(seq))
        }
        expect(stateOf(thinned(facts))).toEqual(stateOf(facts))
        expect(thinned(thinned(facts))).toEqual(thinned(facts))
        expect(stateOf(thinned([...thinned(facts.slice(0, at)), ...facts.slice(at)]))).toEqual(stateOf(facts))
      }),
      { numRuns: 500 },
    )
  })
})
