import { describe, test } from 'vitest'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { keyringContract } from '../../../contract/storage/keyring-contract.ts'

describe('P8 MemoryKeyring', () => {
  const make = async () => {
    const secretStore = new MemorySecretStore()
    return { secretStore, again: () => secretStore }
  }
  for (const { name, run } of keyringContract(make)) test(name, run)
})
