import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeAll } from '#system/files/write-all.ts'
import { temporaryDirectory } from './store-in-directory.ts'

/** A real file of which the system takes at most 100 bytes at a time. */
const takingFew = (handle: FileHandle) => ({
  write: (bytes: Uint8Array, offset: number, length: number, position: number) =>
    handle.write(bytes, offset, Math.min(100, length), position),
})

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
