import { expect, test } from 'vitest'
import { Writing } from '#web/state/room.ts'

const storage = () => {
  const kept = new Map<string, string>()
  return {
    kept,
    get: (key: string) => kept.get(key),
    set: (key: string, value: string | undefined) =>
      void (value === undefined ? kept.delete(key) : kept.set(key, value)),
  }
}
const said = (seq: number, text: string) => ({ seq, text, by: { id: 'i1', name: 'ani' } })

test('a quote goes from the draft with the message that it quotes, also after a reload', () => {
  const session = storage()
  const before = new Writing(session, 'lobby')
  before.write('and my answer')
  before.quote(said(7, 'my number is 0812'))
  before.quote(said(9, 'hello'))
  const writing = new Writing(session, 'lobby')
  expect(writing.draft.value).toBe('> ani: hello\n> ani: my number is 0812\nand my answer')
  writing.forget((seq) => seq === 7)
  expect(writing.draft.value).toBe('> ani: hello\nand my answer')
  expect([...session.kept.values()].join()).not.toContain('0812')
  writing.write('')
  expect([...session.kept]).toEqual([])
})
