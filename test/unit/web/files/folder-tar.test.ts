import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FolderArchive } from '#folder/pack.ts'
import { walk } from '#folder/walk.ts'
import { packed } from '#web/files/folder-tar.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { plant, trees } from '../../../harness/trees.ts'

test('a page makes the same archive of a folder as a program does', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (tree) => {
      // A browser sees neither links nor what may be executed, and no time of an empty folder.
      const seen = Object.fromEntries(
        Object.entries(tree).flatMap(([path, each]) =>
          each.type === 'file' ? [[path, { ...each, executable: false }]] : [],
        ),
      )
      const folder = join(await temporaryDirectory(), 'tree')
      await plant(folder, seen)
      const found = await walk(folder)
      const files = found.entries.filter((entry) => entry.type === 'file')
      const entries = await Promise.all(
        files.map(async ({ path, disk }) => {
          const { mtimeMs } = await stat(disk)
          return { path, file: new File([await readFile(disk)], path, { lastModified: Math.floor(mtimeMs) }) }
        }),
      )
      const pieces: Uint8Array[] = []
      for await (const piece of new FolderArchive(found).read()) pieces.push(piece)
      const told: number[] = []
      const { file, skipped, sha256 } = await packed(entries.toReversed(), (done) => told.push(done))
      expect(skipped).toEqual([])
      const tar = Buffer.concat(pieces)
      expect(Buffer.from(await file.arrayBuffer()).equals(tar)).toBe(true)
      expect(sha256).toBe(createHash('sha256').update(tar).digest('hex'))
      expect(told.at(-1) ?? 0).toBe(files.reduce((sum, { size }) => sum + size, 0))
    }),
    { numRuns: 60 },
  )
})

test('what can not travel is left out and named, and an empty folder stays', async () => {
  const broken = Object.assign(new File(['x'], 'gone.txt'), {
    slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
  })
  const { file, folder, skipped, sha256 } = await packed([
    { path: 'a.txt', file: new File(['a'], 'a.txt') },
    { path: 'gone.txt', file: broken },
    { path: 'con', file: new File(['x'], 'con') },
    { path: 'empty' },
  ])
  expect(folder).toEqual({ files: 1, bytes: 1 })
  expect(skipped).toEqual([expect.stringMatching(/^con: /), 'gone.txt'])
  expect(await file.text()).toContain('empty/')
  // Half of a file may be in it.
  expect(sha256).toBeUndefined()
})
