import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import { lockDirectory, SharedDirectory } from '#storage/disk/directory-lock.ts'
import { readAll } from '../../../harness/bytes.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true }))

const HOLDER = fileURLToPath(new URL('./lock-holder.ts', import.meta.url))

const holder = async (): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  expect(child.exitCode).toBe(null)
  return child
}

describe('lockDirectory', () => {
  test('makes the directory for its owner only and writes down who holds it', async () => {
    const path = join(directory, 'new', 'data')
    const lock = await lockDirectory(path)
    lock.own()
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    const owner = JSON.parse(await readFile(join(path, 'owner.json'), 'utf8'))
    expect(owner).toEqual({ pid: process.pid, startedAt: expect.any(String), host: hostname() })
    await lock.release()
    await lock.release()
    expect(await readdir(path)).toEqual(['lock.db'])
  })

  test('leaves a directory alone that everybody puts files into, and takes a new one', async () => {
    const path = join(directory, 'tmp')
    await mkdir(path)
    await chmod(path, 0o1777)
    await writeFile(join(path, 'of others'), '')
    await expect(lockDirectory(path)).rejects.toThrow(SharedDirectory)
    await expect(lockDirectory(path)).rejects.toThrow(`name a directory inside it with --data, like ${path}/tamtam`)
    expect([(await stat(path)).mode & 0o7777, await readdir(path)]).toEqual([0o1777, ['of others']])
    await rm(join(path, 'of others'))
    await (await lockDirectory(path)).release()
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    await (await lockDirectory(path)).release()
  })

  test('refuses a second host in the same process, and gives the directory back', async () => {
    const lock = await lockDirectory(directory)
    lock.own()
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUse)
    await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'DIRECTORY_IN_USE', pid: process.pid })
    await lock.release()
    await (await lockDirectory(directory)).release()
  })

  test('refuses while another process has it, names that process, and is freed by kill -9 (C85)', async () => {
    const child = await holder()
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      pid: child.pid,
      message: expect.stringContaining(`pid ${child.pid}`),
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = await lockDirectory(directory)
    lock.own()
    expect(JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8')).pid).toBe(process.pid)
    await lock.release()
  })

  test('refuses another process while this one has it, though this one was asked again meanwhile', async () => {
    const lock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUse)
    const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['ignore', 'ignore', 'pipe'] })
    const said = (await readAll(child.stderr)).toString()
    expect(said).toContain('DIRECTORY_IN_USE')
    await lock.release()
  })

  test.each([
    ['bytes that are no database', Buffer.alloc(5000, 7)],
    ['a database that was cut', Buffer.from('SQLite format 3\0 and no more')],
  ])('replaces a lock that is damaged: %s', async (_, damage) => {
    await writeFile(join(directory, 'lock.db'), damage)
    const [first, second] = await Promise.allSettled([lockDirectory(directory), lockDirectory(directory)])
    expect(second).toMatchObject({ reason: { code: 'DIRECTORY_IN_USE' } })
    if (first.status === 'rejected') throw first.reason
    await first.value.release()
  })

  test('does not empty a file that a link in place of the lock points to', async () => {
    const target = join(directory, 'precious')
    await writeFile(target, 'precious bytes that are no database, and long enough to be looked at')
    await mkdir(join(directory, 'data'))
    await symlink(target, join(directory, 'data', 'lock.db'))
    await expect(lockDirectory(join(directory, 'data'))).rejects.toThrow('ELOOP')
    expect(await readFile(target, 'utf8')).toContain('precious')
  })

  test('does not name a process of another machine, nor one that a damaged note names', async () => {
    const lock = await lockDirectory(directory)
    await writeFile(join(directory, 'owner.json'), JSON.stringify({ pid: 1, host: 'elsewhere' }))
    await expect(lockDirectory(directory)).rejects.toMatchObject({ pid: undefined })
    await writeFile(join(directory, 'owner.json'), '{"pid":')
    await expect(lockDirectory(directory)).rejects.toMatchObject({ pid: undefined })
    const ended = spawn(process.execPath, ['-e', ''])
    await once(ended, 'exit')
    await writeFile(join(directory, 'owner.json'), JSON.stringify({ pid: ended.pid, host: hostname() }))
    await expect(lockDirectory(directory)).rejects.toMatchObject({ pid: undefined })
    await lock.release()
  })

  test('leaves the note of another host alone as long as the stores are not known to be its own', async () => {
    const note = join(directory, 'owner.json')
    await writeFile(note, 'of another host')
    await (await lockDirectory(directory)).release()
    expect(await readFile(note, 'utf8')).toBe('of another host')
  })
})
