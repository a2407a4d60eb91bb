import { container } from 'tsyringe'
import { expect, test } from 'vitest'
import { compose, provide } from '#app/compose.ts'
import { JOURNAL, KEYRING } from '#app/tokens.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemoryKeyring } from '#storage/memory/secret-store.ts'

test('an adapter of another port does not compile, and one of its own is made once', () => {
  const host = container.createChildContainer()
  // @ts-expect-error a keyring is no journal
  provide(host, JOURNAL, undefined, () => new MemoryKeyring())
  // @ts-expect-error nor is it one when it is given
  provide(host, JOURNAL, new MemoryKeyring(), () => new MemoryJournal())
  provide(host, KEYRING, undefined, () => new MemoryKeyring())
  expect(host.resolve(KEYRING)).toBe(host.resolve(KEYRING))
})

test('two hosts of one process share nothing', () => {
  const [one, other] = [compose({}), compose({})]
  for (const part of Object.keys(one) as (keyof typeof one)[])
    if (one[part] !== undefined) expect(one[part], part).not.toBe(other[part])
})
