import { describe, test } from 'vitest'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { fileStoreContract } from '../../../contract/storage/file-store-contract.ts'
import { CONTRACT_MAX_FILE_BYTES } from '../../../contract/storage/file-store-subject.ts'

describe('P8 MemoryFileStore', () => {
  const make = async () => {
    const fileStore = new MemoryFileStore({ maxFileBytes: CONTRACT_MAX_FILE_BYTES })
    await fileStore.open()
    return { fileStore, dispose: () => fileStore.close() }
  }
  for (const { name, run } of fileStoreContract(make)) test(name, run)
})
