import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Semaphore } from '#domain/async/semaphore.ts'
import { DataDirectory } from '#storage/disk/data-directory.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A directory whose syncs end when the test says so, and with what. */
async function makeDirectory() {
  const path = await temporaryDirectory()
  await mkdir(join(path, 'files'))
  const handle = await open(path, 'r')
  const under: { end(error?: Error): void }[] = []
  const directory = new DataDirectory(path)
  await directory.open()
  const prototype = Object.getPrototypeOf(handle) as typeof handle
  await handle.close()
  vi.spyOn(prototype, 'sync').mockImplementation(
    () =>
      new Promise<void>((resolve, reject) => {
        under.push({ end: (error) => (error === undefined ? resolve() : reject(error)) })
      }),
  )
  const syncs = new Semaphore(2)
  const ended: string[] = []
  const sync = (name: string) =>
    directory.syncTogether(syncs).then(
      () => ended.push(name),
      () => ended.push(`${name} failed`),
    )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { directory, under, sync, ended, turn }
}

describe('C80 the names of files that end together', () => {
  test('are made durable by one sync, never by one that was under way before', async () => {
    const { under, sync, ended, turn, directory } = await makeDirectory()
    void sync('a')
    await turn()
    void sync('b')
    void sync('c')
    await turn()
    expect([under.length, ended]).toEqual([1, []])
    under[0]?.end()
    await turn()
    expect([under.length, ended]).toEqual([2, ['a']])
    void sync('d')
    under[1]?.end()
    await turn()
    expect([under.length, ended.sort()]).toEqual([3, ['a', 'b', 'c']])
    under[2]?.end()
    await turn()
    expect(ended).toEqual(['a', 'b', 'c', 'd'])
    await directory.close()
  })

  test('are lost for all who wait once a sync has failed: no second one is tried (C76)', async () => {
    const { under, sync, ended, turn, directory } = await makeDirectory()
    void sync('a')
    await turn()
    void sync('b')
    under[0]?.end(new Error('EIO'))
    await turn()
    await sync('c')
    expect([under.length, ended.sort()]).toEqual([1, ['a failed', 'b failed', 'c failed']])
    await directory.close()
  })
})
