import { describe, expect, it } from 'vitest'
import { noteSpoken } from '#domain/room/slow-mode.ts'
import { given } from '../../../harness/given.ts'
import { AT, ani, budi, joined } from '../../../harness/people.ts'

const rule = { seq: 1, at: AT, by: budi }

describe('leaving', () => {
  it('says whether it is the host that they leave, and what they say to it', () =>
    given(joined(ani))
      .when(ani, { type: 'leave', reason: 'left', message: 'see you', quit: true })
      .then({ type: 'left', by: ani, reason: 'left', message: 'see you', quit: true }))
  it('says neither where there is neither', () =>
    given(joined(ani))
      .when(ani, { type: 'leave', reason: 'connection lost' })
      .then({ type: 'left', by: ani, reason: 'connection lost' }))
  it.each(['', 'x'.repeat(65)])('goes without a text that nobody could say: %j', (message) =>
    given(joined(ani))
      .when(ani, { type: 'leave', reason: 'left', message })
      .then({ type: 'left', by: ani, reason: 'left' }),
  )
  it('is no way to speak for somebody who may not', () =>
    given(joined(ani), { type: 'muted', ...rule, name: 'ani' })
      .when(ani, { type: 'leave', reason: 'left', message: 'and you are a fool' })
      .then({ type: 'left', by: ani, reason: 'left' }))
  it('is no way past slow mode', () => {
    const room = given(joined(ani), { type: 'slowModeSet', ...rule, seconds: 10 })
    noteSpoken(room.state, ani.id, AT, undefined)
    room
      .when(ani, { type: 'leave', reason: 'left', message: 'once more' })
      .then({ type: 'left', by: ani, reason: 'left' })
  })
})

describe('a topic', () => {
  const set = { type: 'topicSet', seq: 1, at: AT, by: budi, topic: 'tea' } as const
  it('is taken away by an empty one', () =>
    given(joined(ani), set)
      .when(ani, { type: 'setTopic', topic: '' })
      .then({ type: 'topicSet', seq: 2, at: AT, by: ani, topic: '' }))
  it('is no news where there is none', () => given(joined(ani)).when(ani, { type: 'setTopic', topic: '' }).known(0))
  it('is known with who set it, and when, also that there is none any more', () => {
    expect(given(set).state.topicSet).toEqual({ by: budi, at: AT })
    expect(given(set, { ...set, seq: 2, by: ani, topic: '' }).state).toMatchObject({
      rules: { topic: '' },
      topicSet: { by: ani, at: AT },
    })
  })
})

describe('of several who share an address', () => {
  const [one, other] = [
    { id: 'm8', name: '10.0.0.9' },
    { id: 'm9', name: '10.0.0.9' },
  ]
  const op = { ...ani, role: 'op' } as const
  const room = () => given(joined(op), joined(one), joined(other))

  it('one is whispered to by their id', () =>
    room()
      .when(op, { type: 'whisper', to: '10.0.0.9', member: 'm9', text: 'psst' })
      .then({ type: 'whispered', seq: 1, at: AT, by: ani, to: other, text: 'psst' }))
  it('one is kicked by their id', () =>
    room()
      .when(op, { type: 'kick', name: '10.0.0.9', member: 'm8' })
      .then({ type: 'left', by: one, reason: 'kicked by ani', kickedBy: ani }))
  it.each([
    { type: 'whisper', to: '10.0.0.9', member: 'm7', text: 'psst' },
    { type: 'kick', name: '10.0.0.9', member: 'm7' },
  ] as const)('nobody is found by an id that is not here: $type', (command) =>
    room().when(op, command).refused('NO_SUCH_MEMBER'),
  )
  it('nobody is kicked by their id who is not below', () =>
    given(joined(op), joined({ ...budi, role: 'owner' }))
      .when(op, { type: 'kick', name: 'budi', member: budi.id })
      .refused('NOT_ALLOWED'))
})

describe('a notice', () => {
  it('is a message that says so', () =>
    given(joined(ani))
      .when(ani, { type: 'say', text: 'build 7 is done', notice: true })
      .then({ type: 'said', seq: 1, at: AT, by: ani, text: 'build 7 is done', notice: true }))
  it('may be for one person', () =>
    given(joined(ani), joined(budi))
      .when(ani, { type: 'whisper', to: 'budi', text: 'psst', notice: true })
      .then({ type: 'whispered', seq: 1, at: AT, by: ani, to: budi, text: 'psst', notice: true }))
})
