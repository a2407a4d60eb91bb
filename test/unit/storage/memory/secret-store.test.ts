import { describe, test } from 'vitest'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { secretStoreContract } from '../../../contract/storage/secret-store-contract.ts'

describe('P8 MemorySecretStore', () => {
  const make = async () => {
    const secretStore = new MemorySecretStore()
    return { secretStore, again: () => secretStore }
  }
  for (const { name, run } of secretStoreContract(make)) test(name, run)
})
