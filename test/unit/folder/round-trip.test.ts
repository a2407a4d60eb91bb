import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, chmod, mkdir, open, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { extractFolder, folderHolds } from '#folder/extract.ts'
import { type FolderListing, listFolder } from '#folder/listing.ts'
import { FolderArchive } from '#folder/pack.ts'
import { walk } from '#folder/walk.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { answerOf, file, type PlantedTree, plant, treeAt, trees } from '../../harness/trees.ts'

async function packed(folder: string, from = 0): Promise<Buffer> {
  return await bytesOf(new FolderArchive(await walk(folder)), from)
}

async function bytesOf(archive: FolderArchive, from = 0): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of archive.read(from)) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function listed(tar: Buffer, name = 'tree'): Promise<FolderListing> {
  const listing = await listFolder(async (from, length) => tar.subarray(from, from + length), name)
  if ('type' in listing) throw new Error(listing.message)
  return listing
}

async function unpacked(tar: Buffer, folder: string): Promise<string> {
  const at = join(folder, 'again')
  const tree = await extractFolder(
    async (from, length) => tar.subarray(from, from + length),
    await listed(tar),
    join(folder, '.again'),
  )
  if ('type' in tree) throw new Error(tree.message)
  await tree.publish(at)
  return at
}

async function planted(tree: PlantedTree): Promise<string> {
  const folder = await temporaryDirectory()
  await plant(join(folder, 'tree'), tree)
  return folder
}

describe('a tree', () => {
  it('comes back as it was, and is the same archive again', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const folder = await planted(tree)
        const before = await treeAt(join(folder, 'tree'))
        const { skipped } = await walk(join(folder, 'tree'))
        expect(skipped).toEqual([])
        const tar = await packed(join(folder, 'tree'))
        const again = await unpacked(tar, folder)
        expect(await treeAt(again)).toEqual(before)
        expect((await packed(again)).equals(tar)).toBe(true)
        expect(
          await folderHolds(again, { size: tar.length, sha256: createHash('sha256').update(tar).digest('hex') }),
        ).toBe(true)
        // Nothing else is left beside it.
        expect((await readdir(folder)).toSorted()).toEqual(['again', 'tree'])
        await rm(folder, { recursive: true })
      }),
      { numRuns: 60 },
    )
  })

  it('has an archive that goes on from any byte, and tells its size before', async () => {
    const folder = await planted({
      'a.txt': file('alpha'),
      'big.bin': file(Buffer.alloc(2_500_000, 5)),
      'sub/b.txt': file('beta'),
      'sub/empty': { type: 'folder' },
      'sub/link': { type: 'link', target: 'b.txt', modified: 1 },
      [`${'deep/'.repeat(20)}${'n'.repeat(150)}`]: file('far'),
    })
    const path = join(folder, 'tree')
    const whole = await packed(path)
    expect(new FolderArchive(await walk(path)).size).toBe(whole.length)
    const offsets = [1, 511, 512, 513, 1024, 1025, 3000, 1_000_000, 2_501_000, 2_503_000]
    for (const from of [...offsets, whole.length - 1024, whole.length - 1, whole.length, whole.length - 1400])
      expect((await packed(path, from)).equals(whole.subarray(from)), `from ${from}`).toBe(true)
  })

  it('is taken by the other programs that read archives', async () => {
    const folder = await planted({
      'a.txt': file('alpha'),
      SHA256SUMS: file('somebody else has this one'),
      'é 家/😀.bin': file(Buffer.alloc(1_100_000, 1), true),
      'empty/inside': { type: 'folder' },
      way: { type: 'link', target: 'é 家/😀.bin', modified: 5 },
      [`${'deep/'.repeat(25)}${'n'.repeat(200)}`]: file('far'),
    })
    const tar = join(folder, 'tree.tar')
    await writeFile(tar, await packed(join(folder, 'tree')))
    const before = await treeAt(join(folder, 'tree'))
    const programs: [string, (into: string) => string[]][] = [
      ['tar', (into) => ['-xf', tar, '-C', into]],
      ['bsdtar', (into) => ['-xf', tar, '-C', into]],
      [
        'python3',
        (into) => ['-c', `import tarfile; tarfile.open(${JSON.stringify(tar)}).extractall(${JSON.stringify(into)})`],
      ],
    ]
    let ran = 0
    for (const [program, args] of programs) {
      const into = join(folder, program)
      await mkdir(into)
      if ((await answerOf(program, args(into))) === undefined) {
        console.warn(`${program} is not here: left out`)
        continue
      }
      ran++
      const { 'SHA256SUMS (2)': sums, ...others } = await treeAt(into)
      expect(sums, program).toMatch(/^file/)
      // Python gives links the time at which it made them.
      if (program === 'python3') delete others['way']
      expect(others, program).toEqual(program === 'python3' ? { ...before, way: undefined } : before)
      if (program === 'tar')
        expect(execFileSync('sha256sum', ['-c', 'SHA256SUMS (2)'], { cwd: into }).toString()).not.toContain('FAILED')
    }
    expect(ran).toBeGreaterThan(0)
  })
})

describe('names that are no UTF-8', () => {
  it('go by their bytes, and links find them', async () => {
    const folder = await planted({ a: file('a') })
    const path = join(folder, 'tree')
    const latin = Buffer.concat([Buffer.from(`${path}/caf`), Buffer.of(0xe9)])
    await writeFile(latin, 'latin')
    await symlink(latin.subarray(path.length + 1), join(path, 'way'))
    const { skipped } = await walk(path)
    expect(skipped).toEqual([])
    const { 'caf%E9': sent, way } = await treeAt(await unpacked(await packed(path), folder))
    expect([sent, way]).toEqual([expect.stringMatching(/^file/), expect.stringMatching(/^link to caf%E9 /)])
  })
})

describe('what can not travel', () => {
  it('is named, and everything else goes', async () => {
    const folder = await planted({
      'good.txt': file('good'),
      'aux.c': file('reserved'),
      'back\\slash': file('x'),
      'trailing.': file('x'),
      [`d${'/d'.repeat(31)}/too-deep`]: file('x'),
      inside: { type: 'link', target: 'good.txt', modified: 1 },
      round: { type: 'link', target: 'round', modified: 1 },
      up: { type: 'link', target: '.', modified: 1 },
      out: { type: 'link', target: '../secret', modified: 1 },
      absolute: { type: 'link', target: '/etc/passwd', modified: 1 },
    })
    const path = join(folder, 'tree')
    execFileSync('mkfifo', [join(path, 'fifo')])
    const server = createServer().listen(join(path, 'socket'))
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { skipped, entries } = await walk(path)
    expect(entries.map((entry) => entry.path)).toEqual([`d${'/d'.repeat(31)}`, 'good.txt', 'inside', 'round', 'up'])
    expect(Object.fromEntries(skipped.map((each) => [each.path, each.message]))).toEqual({
      absolute: expect.stringContaining('leads out'),
      'aux.c': expect.stringContaining('Windows'),
      'back\\slash': expect.stringContaining('backslash'),
      [`d${'/d'.repeat(31)}/too-deep`]: expect.stringContaining('deep'),
      fifo: expect.stringContaining('pipe'),
      out: expect.stringContaining('leads out'),
      socket: expect.stringContaining('socket'),
      'trailing.': expect.stringContaining('dot'),
    })
    expect(Object.keys(await treeAt(await unpacked(await packed(path), folder)))).toContain('good.txt')
  })

  it('is what this user may not read, file or folder', async () => {
    const folder = await planted({ a: file('a'), 'closed/b': file('b'), private: file('p') })
    const path = join(folder, 'tree')
    await chmod(join(path, 'private'), 0)
    await chmod(join(path, 'closed'), 0)
    onTestFinished(() => chmod(join(path, 'closed'), 0o700))
    const { skipped } = await walk(path)
    // Root may read all of it.
    const isRoot = process.getuid?.() === 0
    expect(skipped.map((each) => each.path)).toEqual(isRoot ? [] : ['closed', 'private'])
  })

  it('is the second of two names that are one in Unicode', async () => {
    const folder = await planted({ 'caf\u00e9': file('one'), 'cafe\u0301': file('two') })
    const { skipped, entries } = await walk(join(folder, 'tree'))
    expect([entries.length, skipped.map(({ path }) => path)]).toEqual([1, ['caf\u00e9']])
  })
})

describe('a file that changes while it is packed', () => {
  const changes: [string, (path: string) => Promise<unknown>][] = [
    ['grows', (path) => appendFile(path, 'more')],
    ['shrinks', (path) => truncate(path, 3)],
    ['goes', (path) => rm(path)],
    [
      'becomes a folder',
      async (path) => {
        await rm(path)
        await mkdir(path)
      },
    ],
    [
      'becomes a link',
      async (path) => {
        await rm(path)
        await symlink('other', path)
      },
    ],
  ]
  it.each(changes.flatMap(([how, change]) => [5, 3_000_000].map((size) => [how, size, change] as const)))(
    'and %s (%i bytes) is named, keeps its place, and is no part of the folder',
    async (_, size, change) => {
      const folder = await planted({ a: file('a'), m: file(Buffer.alloc(size, 1)), z: file('z') })
      const path = join(folder, 'tree')
      const archive = new FolderArchive(await walk(path))
      await change(join(path, 'm'))
      const tar = await bytesOf(archive)
      expect(tar.length).toBe(archive.size)
      expect(archive.skipped.map((each) => each.path)).toEqual(['m'])
      const listing = await listed(tar)
      expect([listing.changed, listing.files, listing.members.map((each) => each.path)]).toEqual([['m'], 2, ['a', 'z']])
      expect(Object.keys(await treeAt(await unpacked(tar, folder)))).toEqual(['a', 'z'])
    },
  )

  it('between two pieces of it is named', async () => {
    const folder = await planted({ m: file(Buffer.alloc(3_000_000, 1)) })
    const path = join(folder, 'tree')
    const archive = new FolderArchive(await walk(path))
    const pieces: Uint8Array[] = []
    for await (const piece of archive.read()) {
      if (pieces.length === 1) {
        const handle = await open(join(path, 'm'), 'r+')
        await handle.write('changed', 2_900_000)
        await handle.close()
      }
      pieces.push(piece)
    }
    expect((await listed(Buffer.concat(pieces))).changed).toEqual(['m'])
  })

  it('only in its time is sent as it is', async () => {
    const folder = await planted({ m: file('same') })
    const path = join(folder, 'tree')
    const archive = new FolderArchive(await walk(path))
    await utimes(join(path, 'm'), 7, 7)
    const listing = await listed(await bytesOf(archive))
    expect(listing.members).toMatchObject([{ path: 'm', modified: 7 }])
    expect(archive.skipped).toEqual([])
  })
})

describe('a large folder', () => {
  it('takes little memory', async () => {
    const folder = await planted({ a: file('a') })
    const path = join(folder, 'tree')
    await writeFile(join(path, 'big'), '')
    await truncate(join(path, 'big'), 300_000_000)
    const archive = new FolderArchive(await walk(path))
    const before = process.memoryUsage()
    let most = 0
    for await (const _ of archive.read())
      most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers)
    expect(most).toBeLessThan(150_000_000)
  })
})

describe('where it is built', () => {
  it('nothing is replaced, and nothing is written through a link', async () => {
    const folder = await planted({ 'sub/a': file('a') })
    const tar = await packed(join(folder, 'tree'))
    const outside = await temporaryDirectory()
    await symlink(outside, join(folder, 'again'))
    await expect(unpacked(tar, folder)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readdir(outside)).toEqual([])
    await rm(join(folder, 'again'))
    await mkdir(join(folder, 'again'))
    await expect(unpacked(tar, folder)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readdir(join(folder, 'again'))).toEqual([])
  })

  it('what a killed process has left goes', async () => {
    const folder = await planted({ a: file('a') })
    const left = join(folder, '.again.999999999-abc-0123.folder')
    await mkdir(join(left, 'half'), { recursive: true })
    await unpacked(await packed(join(folder, 'tree')), folder)
    expect((await readdir(folder)).toSorted()).toEqual(['again', 'tree'])
  })

  it('other bytes than SHA256SUMS says are refused, and nothing is left', async () => {
    const folder = await planted({ 'sub/a': file('alpha'), b: file('beta') })
    const tar = await packed(join(folder, 'tree'))
    tar.write('BETA', tar.indexOf('beta'))
    const read = async (from: number, length: number) => tar.subarray(from, from + length)
    expect(await extractFolder(read, await listed(tar), join(folder, '.again'))).toMatchObject({
      code: 'HASH_MISMATCH',
      message: expect.stringContaining('b: '),
    })
    expect(await readdir(folder)).toEqual(['tree'])
  })
})
