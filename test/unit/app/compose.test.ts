import 'reflect-metadata'
import { container } from 'tsyringe'
import { expect, test } from 'vitest'
import { compose, provide } from '#app/compose.ts'
import { JOURNAL, SECRET_STORE } from '#app/tokens.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'

test('an adapter of another port does not compile, and one of its own is made once', () => {
  const host = container.createChildContainer()
  // @ts-expect-error a secret store is no journal
  provide(host, JOURNAL, undefined, () => new MemorySecretStore())
  // @ts-expect-error nor is it one when it is given
  provide(host, JOURNAL, new MemorySecretStore(), () => new MemoryJournal())
  provide(host, SECRET_STORE, undefined, () => new MemorySecretStore())
  expect(host.resolve(SECRET_STORE)).toBe(host.resolve(SECRET_STORE))
})

test('two hosts of one process share nothing', () => {
  const [one, other] = [compose({}), compose({})]
  for (const part of Object.keys(one) as (keyof typeof one)[])
    if (typeof one[part] === 'object') expect(one[part], part).not.toBe(other[part])
})
