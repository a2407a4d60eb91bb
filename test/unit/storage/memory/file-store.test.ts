import { describe, test } from 'vitest'
import { MemoryVault } from '#storage/memory/file-store.ts'
import { vaultContract } from '../../../contract/storage/vault-contract.ts'
import { VAULT_CONTRACT_MAX_FILE_BYTES } from '../../../contract/storage/vault-subject.ts'

describe('P8 MemoryVault', () => {
  const make = async () => {
    const vault = new MemoryVault({ maxFileBytes: VAULT_CONTRACT_MAX_FILE_BYTES })
    await vault.open()
    return { vault, dispose: () => vault.close() }
  }
  for (const { name, run } of vaultContract(make)) test(name, run)
})
