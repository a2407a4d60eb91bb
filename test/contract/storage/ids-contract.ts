import assert from 'node:assert/strict'
import type { Ids } from '#domain/ports/system.ts'
import type { ContractCase } from './contract.ts'

/** The contract of every source of ids: 32 hexadecimal digits, never the same twice. */
export const idsContract = (make: () => Ids): readonly ContractCase[] => [
  {
    name: 'an id is 32 lower-case hexadecimal digits',
    run: async () => {
      const ids = make()
      for (let round = 0; round < 100; round += 1) assert.match(ids.next(), /^[0-9a-f]{32}$/)
    },
  },
  {
    name: 'no id comes twice',
    run: async () => {
      const ids = make()
      const many = Array.from({ length: 10_000 }, () => ids.next())
      assert.equal(new Set(many).size, many.length)
    },
  },
]
