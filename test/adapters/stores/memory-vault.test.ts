import { describe, test } from 'vitest'
import { vaultContract } from '../../../src/adapters/stores/contracts/vault-contract.ts'
import { VAULT_CONTRACT_MAX_FILE_BYTES } from '../../../src/adapters/stores/contracts/vault-subject.ts'
import { MemoryVault } from '../../../src/adapters/stores/memory/memory-vault.ts'

describe('P8 MemoryVault', () => {
  const make = async () => {
    const vault = new MemoryVault({ maxFileBytes: VAULT_CONTRACT_MAX_FILE_BYTES })
    await vault.open()
    return { vault, dispose: () => vault.close() }
  }
  for (const { name, run } of vaultContract(make)) test(name, run)
})
