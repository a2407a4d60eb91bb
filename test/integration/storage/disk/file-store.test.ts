import { execFileSync } from 'node:child_process'
import { link, lstat, mkdir, readFile, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FileMissing, type FileStore } from '#domain/ports/file-store.ts'
import { ManualClock } from '#system/clock.ts'
import { fileStoreContract } from '../../../contract/storage/file-store-contract.ts'
import { CONTRACT_MAX_FILE_BYTES } from '../../../contract/storage/file-store-subject.ts'
import { readAll } from '../../../harness/bytes.ts'
import { until } from '../../../harness/patience.ts'
import { accepted, fileStoreInDirectory, ID, OTHER_ID, openBelow, refusedWith } from './store-in-directory.ts'

describe('P8 DiskFileStore', () => {
  const make = () => fileStoreInDirectory({ maxFileBytes: CONTRACT_MAX_FILE_BYTES })
  for (const { name, run } of fileStoreContract(make)) test(name, run)
})

describe('a file on its way', () => {
  test('is a .part that only its owner reads, and has no other name until it is whole', async () => {
    const { fileStore, files, names, dispose } = await fileStoreInDirectory()
    const writer = accepted(await fileStore.create(ID))
    await writer.append(Buffer.from('bytes'))
    expect(await names()).toEqual([`${ID}.part`])
    expect((await stat(join(files, `${ID}.part`))).mode & 0o777).toBe(0o600)
    expect((await stat(files)).mode & 0o777).toBe(0o700)
    await writer.finish()
    expect(await names()).toEqual([ID])
    expect((await stat(join(files, ID))).nlink).toBe(1)
    await dispose()
  })

  test('is durable a second after it was written, also when nothing more comes', async () => {
    const clock = new ManualClock()
    const { fileStore, dispose } = await fileStoreInDirectory({ clock })
    const writer = accepted(await fileStore.create(ID))
    await writer.append(Buffer.alloc(1000))
    await until('a sync that is due', () => clock.waiting === 1)
    clock.advance(999)
    expect(writer.durable).toBe(0)
    clock.advance(1)
    await until('the bytes to be durable', () => writer.durable === 1000)
    await writer.discard()
    expect(clock.waiting).toBe(0)
    await dispose()
  })

  test('is made durable every so many bytes, and the writer is held back when the disk is behind', async () => {
    const clock = new ManualClock()
    const { fileStore, dispose } = await fileStoreInDirectory({ clock, syncEveryBytes: 64 * 1024 })
    const writer = accepted(await fileStore.create(ID))
    for (let round = 0; round < 200; round += 1) {
      await writer.append(Buffer.alloc(64 * 1024))
      expect(writer.offset - writer.durable).toBeLessThanOrEqual(4 * 64 * 1024 + 512 * 1024)
    }
    expect(writer.durable).toBeGreaterThan(0)
    await writer.discard()
    await dispose()
  })

  test('never goes where something lies already: link, pipe or file (C51, C53)', async () => {
    const { fileStore, directory, files, dispose } = await fileStoreInDirectory()
    const target = join(directory, 'precious')
    const part = join(files, `${ID}.part`)
    await writeFile(target, 'precious')
    await symlink(target, part)
    await expect(fileStore.create(ID)).rejects.toThrow('has a file already')
    await rm(part)
    await symlink(join(directory, 'not-there'), part)
    await expect(fileStore.create(ID)).rejects.toThrow('has a file already')
    await rm(part)
    execFileSync('mkfifo', [part])
    await expect(fileStore.create(ID)).rejects.toThrow('has a file already')
    await rm(part)
    await link(target, part)
    await expect(fileStore.create(ID)).rejects.toThrow('has a file already')
    expect(await readFile(target, 'utf8')).toBe('precious')
    await rm(part)
    accepted(await fileStore.create(ID))
    await dispose()
  })

  test('never overwrites what has its final name (C52)', async () => {
    const { fileStore, files, names, dispose } = await fileStoreInDirectory()
    const writer = accepted(await fileStore.create(ID))
    await writer.append(Buffer.from('new'))
    await writeFile(join(files, ID), 'old')
    await expect(writer.finish()).rejects.toThrow('exists already')
    expect(await readFile(join(files, ID), 'utf8')).toBe('old')
    await writer.discard()
    expect(await names()).toEqual([ID])
    await put(fileStore, OTHER_ID, 'the file store still works')
    await dispose()
  })
})

describe('reading', () => {
  test('neither follows a link nor waits for a pipe that lies under an id', async () => {
    const { fileStore, directory, files, dispose } = await fileStoreInDirectory()
    await writeFile(join(directory, 'secret'), 'secret')
    await symlink(join(directory, 'secret'), join(files, ID))
    execFileSync('mkfifo', [join(files, OTHER_ID)])
    await mkdir(join(files, 'c'.repeat(32)))
    for (const id of [ID, OTHER_ID, 'c'.repeat(32)]) {
      await expect(readAll(fileStore.read(id))).rejects.toThrow(FileMissing)
      expect(await fileStore.size(id)).toBe(undefined)
      await fileStore.remove(id)
      expect(await lstat(join(files, id))).toBeDefined()
    }
    await dispose()
  })

  test('leaves no descriptor open, however it ends', async () => {
    const { fileStore, directory, files, dispose } = await fileStoreInDirectory()
    await put(fileStore, ID, 'x'.repeat(3_000_000))
    await readAll(fileStore.read(ID))
    for await (const _ of fileStore.read(ID)) break
    const pieces = fileStore.read(ID)[Symbol.asyncIterator]()
    await pieces.next()
    await fileStore.remove(ID)
    await expect(pieces.next()).rejects.toThrow(FileMissing)
    const writer = accepted(await fileStore.create(OTHER_ID))
    await writer.append(Buffer.from('x'))
    const waiting = fileStore.read(OTHER_ID, 1)[Symbol.asyncIterator]()
    const next = waiting.next()
    await until('the reader to have opened the file', async () => (await openBelow(files)).length === 3)
    await waiting.return?.()
    expect((await next).done).toBe(true)
    const failing = readAll(fileStore.read(OTHER_ID))
    await Promise.all([expect(failing).rejects.toThrow(FileMissing), writer.discard()])
    expect(await openBelow(files)).toEqual([files])
    await fileStore.close()
    expect(await openBelow(directory)).toEqual([])
    await dispose()
  })
})

describe('limits', () => {
  test('bytes are refused when the spool would not hold them; what is only told takes no place in it', async () => {
    const { fileStore, dispose } = await fileStoreInDirectory({ hostQuotaBytes: 1000 })
    const declared = accepted(await fileStore.create(ID, 900))
    const growing = accepted(await fileStore.create(OTHER_ID))
    expect(fileStore.bytesLeft).toBe(1000)
    expect(await growing.append(Buffer.alloc(600))).toBe(undefined)
    expect(await declared.append(Buffer.alloc(400))).toBe(undefined)
    expect(fileStore.bytesLeft).toBe(0)
    expect(refusedWith(await growing.append(Buffer.alloc(1)))).toBe('DISK_FULL')
    await growing.discard()
    await declared.finish()
    expect(fileStore.bytesLeft).toBe(600)
    await dispose()
  })

  test('what is in the directory counts after a restart, and no more once it is removed or swept', async () => {
    const { fileStore, files, dispose, directory } = await fileStoreInDirectory()
    await put(fileStore, ID, 'x'.repeat(600))
    await fileStore.close()
    await writeFile(join(files, `${OTHER_ID}.part`), 'y'.repeat(300))
    const again = await fileStoreInDirectory({ directory, hostQuotaBytes: 1000 })
    expect(again.fileStore.bytesLeft).toBe(100)
    expect(await again.fileStore.sweep(new Set())).toBe(1)
    expect(await again.names()).toEqual([ID])
    expect(again.fileStore.bytesLeft).toBe(400)
    await again.fileStore.remove(ID)
    expect(again.fileStore.bytesLeft).toBe(1000)
    await again.fileStore.close()
    await dispose()
  })

  test('without a quota the disk is the limit, less what stays free', async () => {
    const { fileStore, dispose, directory } = await fileStoreInDirectory({ freeSpaceFloorBytes: 1000 })
    const { bavail, bsize } = await statfs(directory)
    expect(fileStore.bound).toEqual({ of: 'disk', bytes: 1250 })
    expect(fileStore.bytesLeft).toBeGreaterThan(0)
    expect(Math.abs(fileStore.bytesLeft - bavail * bsize) / (bavail * bsize)).toBeLessThan(0.2)
    expect(await fileStore.create(ID, Number.MAX_SAFE_INTEGER)).toMatchObject({ limit: { of: 'disk', bytes: 1250 } })
    await fileStore.close()
    const bounded = await fileStoreInDirectory({ directory, hostQuotaBytes: 1000 })
    expect(bounded.fileStore.bound).toEqual({ of: 'host', bytes: 1000 })
    await bounded.fileStore.close()
    await dispose()
  })

  test('a file is refused when the disk would be left with less than its floor', async () => {
    const { fileStore, dispose } = await fileStoreInDirectory({ freeSpaceFloorBytes: Number.MAX_SAFE_INTEGER })
    const refused = await fileStore.create(ID)
    expect(refused).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('disk is full') })
    await dispose()
  })
})

describe('sweeping', () => {
  test('removes parts that no writer holds, and nothing else', async () => {
    const { fileStore, files, names, log, dispose } = await fileStoreInDirectory()
    await put(fileStore, ID, 'whole')
    accepted(await fileStore.create(OTHER_ID))
    await writeFile(join(files, `${'c'.repeat(32)}.part`), 'left')
    await writeFile(join(files, 'notes.part'), 'not ours')
    expect(await fileStore.sweep(new Set())).toBe(1)
    expect(await names()).toEqual([ID, `${OTHER_ID}.part`, 'notes.part'])
    expect(log.lines).toContainEqual({ level: 'info', what: 'leftovers of uploads removed', fields: { count: 1 } })
    await dispose()
  })
})

describe('directories that somebody made where files of ours would be', () => {
  test('are left alone, and end nothing', async () => {
    const { fileStore, files, names, dispose } = await fileStoreInDirectory()
    const made = [ID, `${ID}.copy`, `${ID}.durable`, `${ID}.part`]
    for (const name of made) await mkdir(join(files, name))
    await writeFile(join(files, `${OTHER_ID}.part`), 'left')
    await mkdir(join(files, `${OTHER_ID}.durable`))
    expect([await fileStore.size(ID), await fileStore.durable(ID), await fileStore.resume(ID)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    await fileStore.remove(ID)
    await fileStore.sweep(new Set())
    expect(await names()).toEqual([...made, `${OTHER_ID}.durable`])
    await put(fileStore, 'c'.repeat(32), 'fine')
    await dispose()
  })
})

describe('a file store that has failed', () => {
  test('refuses everything from then on, and tells the log', async () => {
    const { fileStore, files, log, dispose } = await fileStoreInDirectory()
    await put(fileStore, ID, 'fine')
    const writer = accepted(await fileStore.create(OTHER_ID))
    const waiting = readAll(fileStore.read(OTHER_ID))
    await rm(files, { recursive: true })
    await writeFile(files, 'not a directory')
    const broken = expect.objectContaining({ code: 'VAULT_BROKEN' })
    await expect(fileStore.sweep(new Set())).rejects.toEqual(broken)
    await expect(waiting).rejects.toEqual(broken)
    await expect(writer.append(Buffer.alloc(1))).rejects.toEqual(broken)
    await expect(writer.finish()).rejects.toEqual(broken)
    await expect(fileStore.create('c'.repeat(32))).rejects.toEqual(broken)
    await expect(readAll(fileStore.read(ID))).rejects.toEqual(broken)
    await expect(fileStore.size(ID)).rejects.toEqual(broken)
    await writer.discard()
    expect(log.lines.map(({ level, what }) => `${level} ${what}`)).toEqual(['error file store failed'])
    await dispose()
  })
})

const put = async (fileStore: FileStore, id: string, text: string): Promise<void> => {
  const writer = accepted(await fileStore.create(id))
  expect(await writer.append(Buffer.from(text))).toBe(undefined)
  expect(await writer.finish()).toMatchObject({ size: text.length })
}
