import { describe, expect, test } from 'vitest'
import type { FileWriter } from '#domain/ports/file-store.ts'
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

test('bytes are counted against the quota and the memory, whichever is less, and given back', async () => {
  const fileStore = new MemoryFileStore({ hostQuotaBytes: 10, memoryBytes: 8 })
  const [one, two] = ['a'.repeat(32), 'b'.repeat(32)]
  const writer = (await fileStore.create(one)) as FileWriter
  expect(await writer.append(Buffer.from('12345'))).toBeUndefined()
  expect(await writer.append(Buffer.from('6789'))).toMatchObject({
    code: 'DISK_FULL',
    limit: { of: 'memory', bytes: 8 },
    message: expect.stringContaining('--ephemeral'),
  })
  expect(fileStore.bytesLeft).toBe(3)
  await writer.discard()
  expect(fileStore.bytesLeft).toBe(8)
  const next = (await fileStore.create(one)) as FileWriter
  await next.append(Buffer.from('1234'))
  await next.finish()
  await fileStore.duplicate(one, two)
  expect(fileStore.bytesLeft).toBe(0)
  for (const id of [one, two]) await fileStore.remove(id)
  expect(fileStore.bytesLeft).toBe(8)
  expect(new MemoryFileStore({ hostQuotaBytes: 10 }).bound).toEqual({ of: 'host', bytes: 10 })
  expect(new MemoryFileStore().bytesLeft).toBe(Number.POSITIVE_INFINITY)
})
