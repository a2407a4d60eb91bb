import { expect, test } from 'vitest'
import { Secrets } from '#web/state/secrets.ts'

function secrets() {
  const kept = new Map<string, string>()
  const set = (key: string, value: string | undefined) =>
    void (value === undefined ? kept.delete(key) : kept.set(key, value))
  return new Secrets({ get: (key) => kept.get(key), set })
}

test('nothing is shown where nothing was given', () => {
  expect(secrets().for('lobby')).toEqual([{}])
})

test('a newer token is tried before an older one, until it turns out which one opens', () => {
  const all = secrets()
  all.given('the-token')
  all.given('an-invitation')
  expect(all.for('tea')).toEqual([{ token: 'an-invitation' }, { token: 'the-token' }])
  all.opened('tea', { token: 'the-token' })
  expect(all.for('tea')).toEqual([{ token: 'the-token' }, { token: 'an-invitation' }])
  all.given('a-third')
  expect(all.for('tea')).toEqual([{ token: 'a-third' }, { token: 'the-token' }])
})

test('what somebody types is a password, or else the token; where it opened it is kept for that room', () => {
  const all = secrets()
  all.given('the-token')
  expect(all.for('tea', 'kopi')).toEqual([{ token: 'the-token', password: 'kopi' }, { token: 'kopi' }])
  all.opened('tea', { token: 'the-token', password: 'kopi' })
  expect(all.for('tea')).toEqual([{ token: 'the-token', password: 'kopi' }])
  expect(all.for('lobby')).toEqual([{ token: 'the-token' }])
})
