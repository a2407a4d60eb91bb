import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectory, makeDirectorySync } from '#system/files/make-directory.ts'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tamtam-make-'))
})
afterEach(() => rmSync(base, { recursive: true }))

const makers: readonly (readonly [string, (path: string, mode?: number) => Promise<void>])[] = [
  ['makeDirectory', makeDirectory],
  ['makeDirectorySync', async (path, mode) => makeDirectorySync(path, mode)],
]

describe.each(makers)('%s', (_name, make) => {
  test('makes what is missing above it too, with its mode, and again does nothing', async () => {
    const path = join(base, 'a', 'b', 'c')
    await make(path, 0o700)
    await make(path, 0o700)
    expect(statSync(path).isDirectory()).toBe(true)
    if (process.platform !== 'win32') expect(statSync(join(base, 'a')).mode & 0o777).toBe(0o700)
  })

  test.runIf(process.platform === 'linux')(
    'ends where the file system says that what is above is missing',
    async () => {
      for (const path of ['/proc/x', '/proc/x/y/z', '/proc/self/fd/x'])
        await expect(make(path), path).rejects.toThrow(/ENOENT/)
    },
  )

  test('ends with what the system says of a file in its place, above it, a loop, and a name too long', async () => {
    writeFileSync(join(base, 'file'), '')
    symlinkSync('loop', join(base, 'loop'))
    symlinkSync('nowhere', join(base, 'dangling'))
    await expect(make(join(base, 'file'))).rejects.toThrow(/EEXIST/)
    await expect(make(join(base, 'file', 'x', 'y'))).rejects.toThrow(/ENOTDIR/)
    await expect(make(join(base, 'loop'))).rejects.toThrow(/ELOOP/)
    await expect(make(join(base, 'dangling'))).rejects.toThrow(/ENOENT/)
    await expect(make(join(base, 'x'.repeat(300)))).rejects.toThrow(/ENAMETOOLONG/)
    await expect(make(join(base, 'dangling', 'x'))).rejects.toThrow(/ENOENT/)
    if (process.platform !== 'win32') {
      spawnSync('mkfifo', [join(base, 'fifo')])
      await expect(make(join(base, 'fifo'))).rejects.toThrow(/EEXIST/)
    }
  })
})
