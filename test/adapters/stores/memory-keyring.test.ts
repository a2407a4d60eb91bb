import { describe, test } from 'vitest'
import { keyringContract } from '../../../src/adapters/stores/contracts/keyring-contract.ts'
import { MemoryKeyring } from '../../../src/adapters/stores/memory/memory-keyring.ts'

describe('P8 MemoryKeyring', () => {
  const make = async () => {
    const keyring = new MemoryKeyring()
    return { keyring, again: () => keyring }
  }
  for (const { name, run } of keyringContract(make)) test(name, run)
})
