import { describe, expect, it } from 'vitest'
import { type Entry, isEntry, type Member, type RoomEvent } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, cici, joined, offered, reading, said, whole } from '../../../harness/people.ts'

const stamped = { seq: 7, at: AT, by: ani }
const file = { id: offered.id, name: offered.name }
const whispered = { ...stamped, type: 'whispered', to: budi, text: 'psst' } as const
const entries: readonly Entry[] = [
  said(7),
  { ...stamped, type: 'acted', text: 'waves' },
  whispered,
  { ...stamped, type: 'topicSet', topic: 'songs' },
  { ...stamped, type: 'fileOffered', file: offered },
  { ...stamped, type: 'fileCompleted', file: whole },
  { ...stamped, type: 'fileWithdrawn', file, reason: 'cut' },
  { ...stamped, type: 'fileReceived', file },
  { ...stamped, type: 'fileServed', file },
]
const completed: RoomEvent = { ...stamped, type: 'fileCompleted', file: whole }
const received = (seq: number, by: Member) => ({ ...stamped, type: 'fileReceived', seq, by, file }) as const
const presence: readonly RoomEvent[] = [
  joined(ani),
  { type: 'left', by: ani, reason: 'left' },
  { type: 'renamed', by: ani, from: 'anita' },
]

describe('what a room knows', () => {
  it('nothing at first', () =>
    expect(given().state).toEqual({
      name: 'lobby',
      hasFounder: false,
      founder: undefined,
      topicSet: undefined,
      members: new Map(),
      hidden: new Map(),
      files: new Map(),
      wholeBytes: 0,
      receipts: new Map(),
      served: new Map(),
      holders: new Map(),
      receivers: new Map(),
      rules: {
        ...{ topic: '', inviteOnly: false, topicLocked: false, moderatorsSpeak: false, unlisted: false },
        ...{ mostMembers: 0, collectingSince: undefined, slowSeconds: 0, expirySeconds: 0 },
      },
      ops: new Map(),
      voices: new Map(),
      bans: { names: new Map(), persons: new Map() },
      mutes: { names: new Map(), persons: new Map() },
      origins: new Map(),
      connections: new Map(),
      skeletons: new Map(),
      restrained: new Map(),
      insiders: new Set(),
      gone: new Map(),
      attended: new Map(),
      typing: new Map(),
      spoken: new Map(),
      last: 0,
    }))
  it('who is in it, by id', () =>
    expect([...given(joined(ani), joined({ id: 'm9', name: 'ani' })).state.members.keys()]).toEqual(['m1', 'm9']))
  it('who has left is not in it, whatever their name was then', () =>
    expect(
      given(joined(ani), joined(budi), { type: 'left', by: { id: 'm1', name: 'x' }, reason: '' }).state.members,
    ).toEqual(new Map([['m2', budi]])))
  it('the newest name of each', () =>
    expect(
      given(joined(ani), { type: 'renamed', by: { id: 'm1', name: 'anita' }, from: 'ani' }).state.members.get('m1'),
    ).toEqual({ id: 'm1', name: 'anita' }))
  it('its newest topic', () =>
    expect(
      given(
        { type: 'topicSet', seq: 1, at: AT, by: ani, topic: 'a' },
        { type: 'topicSet', seq: 2, at: AT, by: ani, topic: 'b' },
      ).state.rules.topic,
    ).toBe('b'))
  it('a file from its offer on, with who sent it and since when', () =>
    expect(given({ ...stamped, type: 'fileOffered', file: offered }).state.files).toEqual(
      new Map([['f1', { status: 'offered', file: offered, by: ani, at: AT }]]),
    ))
  it('a file as whole once it is, with its digest', () =>
    expect(
      given(
        { ...stamped, type: 'fileOffered', file: offered },
        { type: 'fileCompleted', seq: 8, at: AT + 1, by: budi, file: whole },
      ).state.files,
    ).toEqual(
      new Map([['f1', { status: 'whole', file: whole, by: budi, at: AT + 1, received: new Map(), served: new Map() }]]),
    ))
  it('who has verified a whole file, and since when, each once', () => {
    const { state } = given(
      completed,
      { ...received(8, budi), at: AT + 1 },
      { ...received(9, cici), at: AT + 2 },
      { ...received(10, { id: 'm9', name: 'budi' }), at: AT + 3 },
    )
    expect(state.files.get('f1')).toMatchObject({
      received: new Map([
        ['budi', AT + 1],
        ['cici', AT + 2],
      ]),
    })
  })
  it('nothing of receipts for what is not there whole', () =>
    expect(given({ ...stamped, type: 'fileOffered', file: offered }, received(8, budi)).state.receipts.size).toBe(0))
  it('a withdrawn file no more, nor who had it', () => {
    const { state } = given(completed, received(8, budi), {
      ...stamped,
      seq: 9,
      type: 'fileWithdrawn',
      file,
      reason: '',
    })
    expect([state.files.size, state.receipts.size]).toEqual([0, 0])
  })

  for (const entry of entries)
    it(`that ${entry.type} is its newest entry`, () => expect(given(said(6), entry).state.last).toBe(7))
  for (const event of presence)
    it(`that ${event.type} is no entry`, () => expect(given(said(6), event).state.last).toBe(6))
  it('nothing new from what a reader missed', () =>
    expect(given(said(6), { type: 'missed', from: 1, to: 5 }).state).toEqual(given(said(6)).state))
  for (const entry of [entries[0], entries[1], entries[2], entries[7]] as Entry[])
    it(`nothing of what ${entry.type} tells`, () =>
      expect({ ...given(joined(ani), entry).state, last: 0 }).toEqual(given(joined(ani)).state))
})

describe('kinds of events', () => {
  it('entries are what the journal keeps', () => {
    expect(entries.filter(isEntry)).toEqual(entries)
    expect([...presence, { type: 'missed', from: 1, to: 2 } as const].filter(isEntry)).toEqual([])
  })
  it('facts are the topic, the files and who has them', () =>
    expect(entries.filter(isFact).map(({ type }) => type)).toEqual([
      'topicSet',
      'fileOffered',
      'fileCompleted',
      'fileWithdrawn',
      'fileReceived',
      'fileServed',
    ]))
  it('a whisper is seen by both who share it and nobody else; all else by all', () => {
    expect([ani, budi, cici].filter((member) => reading(member).sees(whispered))).toEqual([ani, budi])
    for (const event of [...entries, ...presence])
      if (event !== whispered) expect(reading(cici).sees(event), event.type).toBe(true)
    expect(reading(cici).sees({ type: 'missed', from: 1, to: 2 })).toBe(true)
  })
})
