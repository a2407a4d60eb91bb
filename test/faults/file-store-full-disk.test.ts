import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAll, sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { sampleFile } from '../integration/storage/disk/sample-file.ts'
import {
  accepted,
  fileStoreInDirectory,
  ID,
  OTHER_ID,
  refusedWith,
} from '../integration/storage/disk/store-in-directory.ts'

countFaults('full disks under the file store')

const MB = 1_000_000
const MIB = 1024 * 1024
/** A directory that is a file system of its own; undefined where we may not make one. */
const smallDisk = async (size: string): Promise<string | undefined> => {
  const directory = await temporaryDirectory()
  const options = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]
  if (spawnSync('mount', options).status === 0) return directory
  await rm(directory, { recursive: true })
  return undefined
}

const unmount = async (directory: string): Promise<void> => {
  spawnSync('umount', ['-l', directory])
  await rm(directory, { recursive: true, force: true })
}

const tiny = await smallDisk('8m')
const small = await smallDisk('32m')
if (!tiny && process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error('root could not mount a tmpfs')
if (!tiny) console.warn('skipped: mounting a small file system needs root; `sudo npm test -- test/faults` runs this')
afterAll(async () => {
  for (const directory of [tiny, small]) if (directory) await unmount(directory)
})

describe.skipIf(!tiny)('on a disk of 8 MB (C74)', () => {
  let host: Awaited<ReturnType<typeof fileStoreInDirectory>>
  beforeAll(async () => {
    host = await fileStoreInDirectory(tiny ? { directory: tiny } : {})
  })

  const upload = async (id: string, bytes: number): Promise<unknown> => {
    const writer = accepted(await host.fileStore.create(id))
    const content = sampleFile(id, bytes)
    for (let start = 0; start < bytes; start += 65_536) {
      const refused = await writer.append(content.subarray(start, start + 65_536))
      if (!refused) continue
      await writer.discard()
      return refused
    }
    return await writer.finish()
  }

  test('a file of 20 MB is refused on the way, and leaves nothing', async () => {
    const refused = await upload(ID, 20 * MB)
    expect(refused).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('disk is full') })
    expect(await host.names()).toEqual([])
    expect(host.log.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('and is refused at once where its size is known, and nothing is set aside for a size that is only told', async () => {
    expect(refusedWith(await host.fileStore.create(ID, 20 * MB))).toBe('DISK_FULL')
    const promised = [
      accepted(await host.fileStore.create(ID, 5 * MB)),
      accepted(await host.fileStore.create(OTHER_ID, 5 * MB)),
    ]
    for (const writer of promised) await writer.discard()
  })

  test('later uploads work', async () => {
    const content = sampleFile(OTHER_ID, 2 * MB)
    const large = await upload(ID, 20 * MB)
    expect(refusedWith(large)).toBe('DISK_FULL')
    expect(await upload(OTHER_ID, 2 * MB)).toMatchObject({ size: 2 * MB, sha256: sha256Of(content) })
    expect(sha256Of(await readAll(host.fileStore.read(OTHER_ID)))).toBe(sha256Of(content))
    expect(await host.names()).toEqual([OTHER_ID])
  })
})

test.skipIf(!small)('a disk that others fill is noticed on the way, before it is full (C74)', async () => {
  const { fileStore, directory, names } = await fileStoreInDirectory({
    directory: small ?? '',
    freeSpaceFloorBytes: 8 * MIB,
  })
  const writer = accepted(await fileStore.create(ID))
  for (let taken = 0; taken < 7; taken += 1) expect(await writer.append(Buffer.alloc(MIB))).toBe(undefined)
  await writeFile(join(directory, 'other'), Buffer.alloc(20 * MIB))
  expect(refusedWith(await writer.append(Buffer.alloc(MIB)))).toBe('DISK_FULL')
  await writer.discard()
  expect(await names()).toEqual([])
  expect(refusedWith(await fileStore.create(ID, 5 * MIB))).toBe('DISK_FULL')
  await fileStore.close()
})
