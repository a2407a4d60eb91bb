import { describe, expect, test } from 'vitest'
import { personOf } from '#server/connection/key-registry.ts'
import { Persons } from '#server/security/persons.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'

const opened = async (store = new MemorySecretStore()) => {
  const persons = new Persons(store)
  await persons.open()
  return persons
}

describe('persons who show something else than a key of ours', () => {
  test('the same shown over the same way is the same person, also on a host that has started again', async () => {
    const store = new MemorySecretStore()
    const before = (await opened(store)).keyOf('ssh', 'AAAAC3Nz')
    expect((await opened(store)).keyOf('ssh', 'AAAAC3Nz')).toBe(before)
    expect(before).toMatch(/^[0-9a-f]{32}$/)
  })

  test('another way, other parts and another host are another person', async () => {
    const persons = await opened()
    const keys = [
      persons.keyOf('ssh', 'ani'),
      persons.keyOf('irc', 'ani'),
      persons.keyOf('irc', 'ani', ''),
      persons.keyOf('irc', 'a', 'ni'),
      (await opened()).keyOf('ssh', 'ani'),
    ]
    expect(new Set(keys.map(personOf)).size).toBe(keys.length)
  })
})
