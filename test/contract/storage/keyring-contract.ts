import assert from 'node:assert/strict'
import type { Keyring } from '#domain/ports/secret-store.ts'
import type { ContractCase } from './contract.ts'

/** What every keyring does. `make` answers an empty one, and another on what that one has written. */
export const keyringContract = (
  make: () => Promise<{ readonly keyring: Keyring; readonly again: () => Keyring }>,
): readonly ContractCase[] => [
  {
    name: 'what was never written is not there',
    run: async () => {
      const { keyring } = await make()
      assert.equal(await keyring.read('token'), undefined)
    },
  },
  {
    name: 'what was written is read, also by whoever comes later, and under its own name only',
    run: async () => {
      const { keyring, again } = await make()
      await keyring.write('token', 'first')
      await keyring.write('owner', 'other\nline')
      for (const reader of [keyring, again()]) {
        assert.equal(await reader.read('token'), 'first')
        assert.equal(await reader.read('owner'), 'other\nline')
        assert.equal(await reader.read('links'), undefined)
      }
    },
  },
  {
    name: 'the last of several writes counts, and whoever reads meanwhile gets one of them whole',
    run: async () => {
      const { keyring, again } = await make()
      const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(2000))
      await keyring.write('rooms', texts[0] as string)
      const writes = Promise.all(texts.map((text) => keyring.write('rooms', text)))
      for (let reads = 0; reads < 20; reads++)
        assert.ok(texts.includes((await again().read('rooms')) ?? ''), 'it is none of them')
      await writes
      assert.equal(await again().read('rooms'), texts.at(-1))
    },
  },
]
