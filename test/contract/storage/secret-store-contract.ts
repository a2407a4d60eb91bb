import assert from 'node:assert/strict'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { ContractCase } from './contract.ts'

/** The contract of every secret store. `make` answers an empty one, and `again` another over the same secrets. */
export const secretStoreContract = (
  make: () => Promise<{ readonly secretStore: SecretStore; readonly again: () => SecretStore }>,
): readonly ContractCase[] => [
  {
    name: 'a secret that was never written is undefined',
    run: async () => {
      const { secretStore } = await make()
      assert.equal(await secretStore.read('token'), undefined)
    },
  },
  {
    name: 'a written secret is read, also by a later store, and under its own name only',
    run: async () => {
      const { secretStore, again } = await make()
      await secretStore.write('token', 'first')
      await secretStore.write('owner', 'other\nline')
      for (const reader of [secretStore, again()]) {
        assert.equal(await reader.read('token'), 'first')
        assert.equal(await reader.read('owner'), 'other\nline')
        assert.equal(await reader.read('links'), undefined)
      }
    },
  },
  {
    name: 'the last of several writes counts, and a read meanwhile gets one of them whole',
    run: async () => {
      const { secretStore, again } = await make()
      const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(2000))
      await secretStore.write('rooms', texts[0] as string)
      const writes = Promise.all(texts.map((text) => secretStore.write('rooms', text)))
      for (let reads = 0; reads < 20; reads++)
        assert.ok(texts.includes((await again().read('rooms')) ?? ''), 'it is none of them')
      await writes
      assert.equal(await again().read('rooms'), texts.at(-1))
    },
  },
]
