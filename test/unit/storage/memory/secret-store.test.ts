import { describe, test } from 'vitest'
import { MemoryKeyring } from '#storage/memory/secret-store.ts'
import { keyringContract } from '../../../contract/storage/keyring-contract.ts'

describe('P8 MemoryKeyring', () => {
  const make = async () => {
    const keyring = new MemoryKeyring()
    return { keyring, again: () => keyring }
  }
  for (const { name, run } of keyringContract(make)) test(name, run)
})
