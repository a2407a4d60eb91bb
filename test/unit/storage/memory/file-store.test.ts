import { describe, test } from 'vitest'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { vaultContract } from '../../../contract/storage/vault-contract.ts'
import { VAULT_CONTRACT_MAX_FILE_BYTES } from '../../../contract/storage/vault-subject.ts'

describe('P8 MemoryVault', () => {
  const make = async () => {
    const fileStore = new MemoryFileStore({ maxFileBytes: VAULT_CONTRACT_MAX_FILE_BYTES })
    await fileStore.open()
    return { fileStore, dispose: () => fileStore.close() }
  }
  for (const { name, run } of vaultContract(make)) test(name, run)
})
