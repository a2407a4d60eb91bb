import { execFileSync } from 'node:child_process'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { secretStoreContract } from '../../../contract/storage/secret-store-contract.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

describe('P8 DiskSecretStore', () => {
  const make = async () => {
    const data = await temporaryDirectory()
    return { secretStore: new DiskSecretStore(data), again: () => new DiskSecretStore(data) }
  }
  for (const { name, run } of secretStoreContract(make)) test(name, run)

  test('a secret that can not be read is told by its name', async () => {
    const data = await temporaryDirectory()
    await mkdir(join(data, 'keys', 'rooms'), { recursive: true })
    await expect(new DiskSecretStore(data).read('rooms')).rejects.toMatchObject({
      code: 'KEYRING_DAMAGED',
      secret: 'rooms',
    })
  })

  test('a pipe in place of a secret is told, and nobody waits for a writer', async () => {
    const data = await temporaryDirectory()
    await mkdir(join(data, 'keys'))
    execFileSync('mkfifo', [join(data, 'keys', 'owner')])
    await expect(new DiskSecretStore(data).read('owner')).rejects.toMatchObject({
      secret: 'owner',
      message: expect.stringMatching(/it is no file/),
    })
  })

  test('C121: only their owner can open them', async () => {
    const data = await temporaryDirectory()
    await new DiskSecretStore(data).write('token', 'secret')
    const mode = async (path: string) => (await stat(path)).mode & 0o777
    expect(await mode(join(data, 'keys'))).toBe(0o700)
    expect(await mode(join(data, 'keys', 'token'))).toBe(0o600)
    expect(await readdir(join(data, 'keys'))).toEqual(['token'])
  })
})
