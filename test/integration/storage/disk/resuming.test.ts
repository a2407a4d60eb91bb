import { cp, link, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { FileMissing, type FileStore, type FileWriter } from '#domain/ports/file-store.ts'
import { ManualClock } from '#system/clock.ts'
import { readAll, sha256Of } from '../../../harness/bytes.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { until } from '../../../harness/patience.ts'
import { sampleFile } from './sample-file.ts'
import { accepted, fileStoreInDirectory, ID, OTHER_ID, openBelow, refusedWith } from './store-in-directory.ts'

const THIRD_ID = 'c'.repeat(32)
const content = sampleFile(ID, 300_000)

const resumed = async (fileStore: FileStore, id: string, size?: number): Promise<FileWriter> => {
  const writer = await fileStore.resume(id, size)
  if (!writer) throw new Error('nothing is kept')
  return accepted(writer)
}

const put = async (fileStore: FileStore, id: string, bytes: Uint8Array): Promise<void> => {
  const writer = accepted(await fileStore.create(id, bytes.length))
  expect(await writer.append(bytes)).toBe(undefined)
  expect(await writer.finish()).toMatchObject({ size: bytes.length })
}

/** What a crash leaves of an upload of which 100 000 bytes are durable and 100 000 more have been written. */
const crashed = async () => {
  const clock = new ManualClock()
  const host = await fileStoreInDirectory({ clock })
  const writer = accepted(await host.fileStore.create(ID, content.length))
  await writer.append(content.subarray(0, 100_000))
  expect(await writer.sync()).toBe(undefined)
  await writer.append(content.subarray(100_000, 200_000))
  await until('the bytes to be written', async () => (await stat(join(host.files, `${ID}.part`))).size === 200_000)
  expect(writer.durable).toBe(100_000)
  const directory = await temporaryDirectory()
  await cp(host.files, join(directory, 'files'), { recursive: true })
  await host.dispose()
  const files = join(directory, 'files')
  return { directory, part: join(files, `${ID}.part`), mark: join(files, `${ID}.durable`), whole: join(files, ID) }
}

const finishesExactly = async (writer: FileWriter): Promise<void> => {
  expect(writer.digest()).toBe(sha256Of(content.subarray(0, writer.offset)))
  await writer.append(content.subarray(writer.offset))
  expect(await writer.finish()).toEqual({ size: content.length, sha256: sha256Of(content) })
}

describe('after a crash', () => {
  test('what was not durable is dropped, whatever became of it (C109)', async () => {
    const { directory, part } = await crashed()
    const bytes = await readFile(part)
    await writeFile(part, Buffer.concat([bytes.subarray(0, 100_000), Buffer.alloc(150_000, 'garbled')]))
    const { fileStore, names, dispose } = await fileStoreInDirectory({ directory })
    expect(await fileStore.durable(ID)).toBe(100_000)
    const writer = await resumed(fileStore, ID)
    expect(writer.offset).toBe(100_000)
    await finishesExactly(writer)
    expect((await readAll(fileStore.read(ID))).equals(content)).toBe(true)
    expect(await names()).toEqual([ID])
    await dispose()
  })

  test.each<[string, (mark: string, part: string) => Promise<void>]>([
    ['is not there', (mark) => rm(mark)],
    ['is empty', (mark) => truncate(mark)],
    ['has been cut', (mark) => truncate(mark, 20)],
    ['has one digit changed', (mark) => writeFile(mark, '9', { flag: 'r+' })],
    ['is noise', (mark) => writeFile(mark, Buffer.alloc(1000, 0xff))],
    ['is a link', async (mark) => await rename(mark, `${mark}.x`).then(() => symlink(`${mark}.x`, mark))],
    ['speaks of more than there is', (_mark, part) => truncate(part, 99_999)],
  ])('an upload whose mark %s begins again', async (_what, damage) => {
    const { directory, mark, part } = await crashed()
    await damage(mark, part)
    const { fileStore, dispose } = await fileStoreInDirectory({ directory })
    expect(await fileStore.durable(ID)).toBe(0)
    const writer = await resumed(fileStore, ID)
    expect(writer.offset).toBe(0)
    await finishesExactly(writer)
    await dispose()
  })

  test('the mark of another upload does not count', async () => {
    const { directory, mark } = await crashed()
    const { fileStore, files, dispose } = await fileStoreInDirectory({ directory })
    await writeFile(join(files, `${OTHER_ID}.part`), content)
    await cp(mark, join(files, `${OTHER_ID}.durable`))
    expect(await fileStore.durable(OTHER_ID)).toBe(0)
    await dispose()
  })

  test('a file that has its name and nothing else, or both names, or half a copy, is taken up (C80)', async () => {
    for (const state of ['whole', 'both', 'both, marked', 'half a copy']) {
      const { directory, part, mark, whole } = await crashed()
      await rm(part)
      await writeFile(whole, content)
      if (state.startsWith('both')) await link(whole, part)
      if (state === 'half a copy') await writeFile(part, content.subarray(0, 9))
      if (state !== 'both, marked') await rm(mark)
      const { fileStore, names, dispose } = await fileStoreInDirectory({
        directory,
        hostQuotaBytes: 2 * content.length,
      })
      expect(await fileStore.durable(ID)).toBe(content.length)
      const writer = await resumed(fileStore, ID)
      expect(writer.offset).toBe(content.length)
      expect(await names()).toEqual([`${ID}.durable`, `${ID}.part`])
      await finishesExactly(writer)
      expect(await names()).toEqual([ID])
      expect(fileStore.bytesLeft).toBe(content.length)
      await dispose()
    }
  })

  test('what nobody wants goes with all that belongs to it, what somebody wants stays', async () => {
    const { directory } = await crashed()
    const { fileStore, files, names, dispose } = await fileStoreInDirectory({ directory })
    await writeFile(join(files, `${OTHER_ID}.durable`), 'alone')
    await writeFile(join(files, `${OTHER_ID}.copy`), 'alone')
    expect(await fileStore.sweep(new Set([ID]))).toBe(1)
    expect(await names()).toEqual([`${ID}.durable`, `${ID}.part`])
    expect(await fileStore.sweep(new Set())).toBe(1)
    expect(await names()).toEqual([])
    await dispose()
  })
})

describe('an upload that is left', () => {
  test('has a mark as soon as an offset is promised, and no more when it has ended', async () => {
    const { fileStore, names, dispose } = await fileStoreInDirectory()
    for (const end of ['finish', 'discard', 'remove'] as const) {
      const writer = accepted(await fileStore.create(ID))
      expect(await writer.sync()).toBe(undefined)
      expect(await names()).toEqual([`${ID}.part`])
      await writer.append(content)
      await writer.suspend()
      expect(await names()).toEqual([`${ID}.durable`, `${ID}.part`])
      if (end === 'finish') await (await resumed(fileStore, ID)).finish()
      if (end === 'discard') await (await resumed(fileStore, ID)).discard()
      await fileStore.remove(ID)
      expect(await names()).toEqual([])
    }
    await dispose()
  })

  test('holds no descriptor, nor do readers that wait for it', async () => {
    const { fileStore, files, dispose } = await fileStoreInDirectory()
    const writer = accepted(await fileStore.create(ID))
    await writer.append(content.subarray(0, 100_000))
    const reader = readAll(fileStore.read(ID))
    await writer.suspend()
    const another = readAll(fileStore.read(ID))
    await until('the readers to wait', async () => (await openBelow(files)).length === 1)
    await finishesExactly(await resumed(fileStore, ID))
    for (const bytes of await Promise.all([reader, another])) expect(bytes.equals(content)).toBe(true)
    expect(await openBelow(files)).toEqual([files])
    await dispose()
  })

  test('ends readers that had more of it than is left', async () => {
    const { fileStore, files, dispose } = await fileStoreInDirectory({
      maxFileBytes: content.length,
      clock: new ManualClock(),
    })
    const writer = accepted(await fileStore.create(ID))
    await writer.append(content.subarray(0, 100_000))
    await writer.sync()
    const behind = fileStore.read(ID)[Symbol.asyncIterator]()
    expect((await behind.next()).value).toHaveLength(100_000)
    await writer.append(content.subarray(100_000, 200_000))
    await until('the bytes to be written', async () => (await stat(join(files, `${ID}.part`))).size === 200_000)
    const beyond = fileStore.read(ID, 50_000)[Symbol.asyncIterator]()
    expect((await beyond.next()).value).toHaveLength(150_000)
    const waiting = expect(beyond.next()).rejects.toThrow(FileMissing)
    expect(refusedWith(await writer.append(content))).toBe('FILE_TOO_LARGE')
    await writer.suspend()
    const next = await resumed(fileStore, ID)
    expect(next.offset).toBe(100_000)
    await waiting
    const rest = behind.next()
    await finishesExactly(next)
    expect((await rest).value).toBeDefined()
    await behind.return?.()
    await dispose()
  })

  test('is let go of when the file store closes while it is taken up', async () => {
    const { fileStore, directory, dispose } = await fileStoreInDirectory()
    const writer = accepted(await fileStore.create(ID))
    await writer.append(sampleFile(ID, 8_000_000))
    await writer.suspend()
    const outcome = fileStore.resume(ID).catch((error: unknown) => error)
    await until('a descriptor', async () => (await openBelow(directory)).length > 1)
    await fileStore.close()
    const end = await outcome
    if (!(end instanceof FileMissing)) await accepted(end as FileWriter).suspend()
    expect(await openBelow(directory)).toEqual([])
    await dispose()
  })
})

describe('space', () => {
  test('of an upload is what is there of it, be it written just now or not; and when that was is known', async () => {
    const { fileStore, directory, dispose } = await fileStoreInDirectory({ hostQuotaBytes: 1000 })
    const before = Date.now()
    const writer = accepted(await fileStore.create(ID, 900))
    await writer.append(Buffer.alloc(300))
    expect(fileStore.bytesLeft).toBe(700)
    await writer.suspend()
    expect(fileStore.bytesLeft).toBe(700)
    const next = await resumed(fileStore, ID, 900)
    expect(fileStore.bytesLeft).toBe(700)
    await next.append(Buffer.alloc(100))
    await fileStore.close()
    const again = await fileStoreInDirectory({ directory, hostQuotaBytes: 1000 })
    expect(again.fileStore.bytesLeft).toBe(600)
    // File systems may note it a moment in the past.
    expect(await again.fileStore.dateOf(ID)).toBeGreaterThan(before - 60_000)
    expect(await again.fileStore.dateOf(OTHER_ID)).toBeUndefined()
    await (await resumed(again.fileStore, ID, 900)).discard()
    expect(again.fileStore.bytesLeft).toBe(1000)
    await again.fileStore.close()
    await dispose()
  })

  test('of a file with several ids counts once, until the last of them goes', async () => {
    const { fileStore, directory, files, dispose } = await fileStoreInDirectory({ hostQuotaBytes: 1000 })
    await put(fileStore, ID, Buffer.alloc(600))
    expect(await fileStore.duplicate(ID, OTHER_ID)).toBe(undefined)
    expect((await stat(join(files, ID))).ino).toBe((await stat(join(files, OTHER_ID))).ino)
    await fileStore.close()
    const again = await fileStoreInDirectory({ directory, hostQuotaBytes: 1000 })
    await again.fileStore.duplicate(ID, THIRD_ID)
    expect(refusedWith(await again.fileStore.resume(THIRD_ID, 600))).toBe('DISK_FULL')
    for (const id of [ID, THIRD_ID]) {
      await again.fileStore.remove(id)
      expect(again.fileStore.bytesLeft).toBe(400)
    }
    await again.fileStore.remove(OTHER_ID)
    expect(again.fileStore.bytesLeft).toBe(1000)
    await again.fileStore.close()
    await dispose()
  })
})

test('a writer that has nothing to write costs no buffers', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const { fileStore, dispose } = await fileStoreInDirectory()
  const held = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const before = held()
  const ids = Array.from({ length: 40 }, (_, index) => String(index).padStart(32, 'e'))
  for (const id of ids) {
    const writer = accepted(await fileStore.create(id))
    await writer.append(content)
    await writer.append(content)
    await writer.sync()
  }
  await until('the buffers to be given back', () => held() - before < 4_000_000)
  await dispose()
})
