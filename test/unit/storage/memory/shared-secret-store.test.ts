import { describe, test } from 'vitest'
import { MemorySharedSecretStore, SharedSecrets } from '#storage/memory/shared-secret-store.ts'
import { secretStoreContract } from '../../../contract/storage/secret-store-contract.ts'
import { sharedSecretStoreContract } from '../../../contract/storage/shared-secret-store-contract.ts'

describe('P8 MemorySharedSecretStore', () => {
  const make = async (hosts = 1) => {
    const shared = new SharedSecrets()
    return Array.from({ length: hosts }, () => new MemorySharedSecretStore(shared))
  }
  const own = secretStoreContract(async () => {
    const shared = new SharedSecrets()
    return { secretStore: new MemorySharedSecretStore(shared), again: () => new MemorySharedSecretStore(shared) }
  })
  for (const { name, run } of [...own, ...sharedSecretStoreContract(make)]) test(name, run)
})
