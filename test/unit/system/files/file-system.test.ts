import { spawnSync } from 'node:child_process'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { makeDirectory, makeDirectorySync, writeAll, writeAllOf } from '#system/files/file-system.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

let base: string
beforeEach(async () => {
  base = await temporaryDirectory()
})

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

/** A real file of which the system takes at most 100 bytes at a time. */
const takingFew = (handle: FileHandle) => ({
  write: (bytes: Uint8Array, offset: number, length: number, position: number) =>
    handle.write(bytes, offset, Math.min(100, length), position),
  writev: (pieces: readonly Uint8Array[], position: number) => {
    const bytes = Buffer.concat(pieces)
    return handle.write(bytes, 0, Math.min(100, bytes.length), position)
  },
})

test.each([[[]], [[0]], [[100]], [[40, 60, 1]], [[0, 150, 0, 3]], [[30, 30, 30, 30, 400]]])(
  'pieces of %j bytes are all written, behind each other, however few the system takes (C77)',
  async (sizes) => {
    const path = join(base, 'file')
    const pieces = sizes.map((size, index) => Buffer.alloc(size, 97 + index))
    const handle = await open(path, 'w')
    await handle.write('**')
    expect(await writeAllOf(takingFew(handle), pieces, 2)).toBe(Buffer.concat(pieces).length)
    await handle.close()
    expect(await readFile(path, 'utf8')).toBe(`**${Buffer.concat(pieces)}`)
  },
)

test.each([0, 1, 100, 101, 65_536])(
  '%i bytes are all written, at their place, by a hundred at a time (C77)',
  async (size) => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'file')
    const handle = await open(path, 'wx')
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251))
    await writeAll(handle, Buffer.from('head'), 0)
    await writeAll(takingFew(handle), bytes, 4)
    await handle.close()
    expect(Buffer.concat([Buffer.from('head'), bytes]).equals(await readFile(path))).toBe(true)
    await rm(directory, { recursive: true })
  },
)

test('a file that takes nothing is an error, not an endless loop', async () => {
  const file = { write: async () => ({ bytesWritten: 0 }) }
  await expect(writeAll(file, Buffer.alloc(1), 0)).rejects.toThrow('takes no more')
})
