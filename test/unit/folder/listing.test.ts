import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { listFolder } from '#folder/listing.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { answerOf, file, member, plant, tarOf } from '../../harness/trees.ts'

const list = (tar: Buffer, name = 'photos') =>
  listFolder(async (from, length) => tar.subarray(from, from + length), name)

async function refusal(tar: Buffer): Promise<string> {
  const listing = await list(tar)
  if (!('type' in listing)) throw new Error(`it was taken: ${JSON.stringify(listing)}`)
  expect(listing.code).toBe('BAD_FOLDER')
  return listing.message
}

const paths = async (tar: Buffer, name?: string) => {
  const listing = await list(tar, name)
  if ('type' in listing) throw new Error(listing.message)
  return listing.members.map(({ path }) => path)
}

describe('a hostile archive', () => {
  it.each<[string, Buffer, string]>([
    ['an absolute path', member({ path: '/etc/passwd' }, 'x'), 'absolute'],
    ['a way up', member({ path: '../x' }, 'x'), '..'],
    ['a way up inside', member({ path: 'a/../../x' }, 'x'), '..'],
    ['a way up behind ./', member({ path: './../x' }, 'x'), '..'],
    ['a backslash', member({ path: 'a\\..\\x' }, 'x'), 'backslash'],
    ['a drive', member({ path: 'C:/x' }, 'x'), 'absolute'],
    ['a control character', member({ path: 'a\x1b[2J' }, 'x'), 'control'],
    ['a device name of Windows', member({ path: 'nul' }, 'x'), 'Windows'],
    ['a hard link', member({ path: 'x', type: 'Link', linkpath: '/etc/passwd' }), 'hard link'],
    ['a device', member({ path: 'x', type: 'CharacterDevice' }), 'device'],
    ['a block device', member({ path: 'x', type: 'BlockDevice' }), 'device'],
    ['a pipe', member({ path: 'x', type: 'FIFO' }), 'pipe'],
    ['a link that leads out', member({ path: 'x', type: 'SymbolicLink', linkpath: '/etc' }), 'leads out'],
    ['a link that goes up', member({ path: 'x', type: 'SymbolicLink', linkpath: 'a/../../b' }), 'leads out'],
    ['a link with a content', member({ path: 'x', type: 'SymbolicLink', linkpath: 'a' }, 'content'), 'content'],
    ['a path twice', Buffer.concat([member({ path: 'x' }, '1'), member({ path: 'x' }, '2')]), 'twice'],
    ['a path twice with ./', Buffer.concat([member({ path: 'x' }, '1'), member({ path: './x' }, '2')]), 'twice'],
    [
      'a file below a link',
      Buffer.concat([member({ path: 'x', type: 'SymbolicLink', linkpath: 'y' }), member({ path: 'x/a' }, '2')]),
      'x/a: it lies below',
    ],
    [
      'a file below a link that follows',
      Buffer.concat([member({ path: 'x/b/a' }, '2'), member({ path: 'x', type: 'SymbolicLink', linkpath: 'y' })]),
      'x/b/a: it lies below',
    ],
    [
      'a file below a file',
      Buffer.concat([member({ path: 'x' }, '1'), member({ path: 'x/a' }, '2')]),
      'x/a: it lies below',
    ],
    [
      'a file and a folder of one path',
      Buffer.concat([member({ path: 'x' }, '1'), member({ path: 'x/', type: 'Directory' })]),
      'twice',
    ],
    ['a sparse file', member({ path: 'x', type: 'SparseFile' }), 'SparseFile'],
  ])('with %s is refused whole, and the path is named', async (_, bad, why) => {
    const message = await refusal(tarOf(member({ path: 'good' }, 'good'), bad))
    expect(message).toContain(why)
    expect(message).not.toContain('\x1b')
  })

  it.each<[string, Buffer]>([
    ['no bytes', Buffer.alloc(0)],
    ['no archive', Buffer.from('x'.repeat(2000))],
    ['a part of a header', member({ path: 'a' }).subarray(0, 300)],
    ['a content that ends too early', member({ path: 'a' }, Buffer.alloc(5000)).subarray(0, 3000)],
    ['a size of many bytes that are not there', member({ path: 'a', size: 2 ** 40 }, 'x')],
    ['a damaged header', Buffer.concat([member({ path: 'a' }, 'x'), Buffer.alloc(512, 0x41)])],
    ['pax records that are none', tarOf(paxHeader('nonsense'), member({ path: 'a' }))],
    ['a pax record that is longer than it says', tarOf(paxHeader('9 path=abcdef\n'), member({ path: 'a' }))],
    ['a pax size that is no number', tarOf(paxHeader('17 size=12345x67\n'), member({ path: 'a' }))],
    ['a pax path with NUL', tarOf(paxHeader('12 path=a\0b\n'), member({ path: 'a' }))],
    ['a pax path with a line feed', tarOf(paxHeader('12 path=a\nb\n'), member({ path: 'a' }))],
    ['a pax header and nothing behind it', tarOf(paxHeader('10 path=a\n'))],
    ['a pax header of many bytes', tarOf(member({ path: 'PaxHeader', type: 'ExtendedHeader', size: 2 ** 30 }))],
    ['a sparse file of GNU in pax', tarOf(paxHeader('22 GNU.sparse.major=1\n'), member({ path: 'a' }))],
  ])('of %s is refused', async (_, tar) => expect(await refusal(tar)).not.toBe(''))

  it('of more members than are taken is refused, and only headers are read', async () => {
    const block = member({ path: 'dir/', type: 'Directory' })
    let most = 0
    const read = async (from: number, length: number) => {
      most = Math.max(most, length)
      const bytes = Buffer.alloc(length)
      for (let at = 0; at < length; at += 512) block.copy(bytes, at, from % 512)
      return bytes
    }
    expect(await listFolder(read, 'x')).toMatchObject({
      code: 'BAD_FOLDER',
      message: expect.stringContaining('200000'),
    })
    expect(most).toBeLessThan(1024 * 1024)
  })

  it('of 5 GB is listed without reading its contents', async () => {
    const size = 5 * 1024 ** 3
    const head = member({ path: 'big', size })
    const tail = tarOf(member({ path: 'small' }, 'x'))
    let bytesRead = 0
    const read = async (from: number, length: number) => {
      bytesRead += length
      const bytes = Buffer.alloc(length)
      if (from < head.length) head.copy(bytes, 0, from)
      const tailAt = head.length + size - from
      if (tailAt < length) tail.copy(bytes, Math.max(0, tailAt), Math.max(0, -tailAt))
      return bytes
    }
    expect(await listFolder(read, 'x')).toMatchObject({
      files: 2,
      bytes: size + 1,
      members: [{ path: 'big', at: 512 }, { path: 'small' }],
    })
    expect(bytesRead).toBeLessThan(1024 * 1024)
  })
})

test('bytes that were changed anywhere are refused, or list paths that stay inside', async () => {
  const tar = tarOf(
    member({ path: 'sub/', type: 'Directory' }),
    member({ path: 'sub/a' }, 'alpha'),
    member({ path: `${'long/'.repeat(30)}é` }, 'beta'),
    member({ path: 'way', type: 'SymbolicLink', linkpath: 'sub/a' }),
    member({ path: 'SHA256SUMS' }, `${'1'.repeat(64)}  sub/a\n`),
  )
  const flip = fc.tuple(fc.nat(tar.length - 1), fc.integer({ min: 0, max: 255 }))
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), fc.boolean(), async (flips, mends) => {
      const bytes = Buffer.from(tar)
      for (const [at, byte] of flips) bytes[at] = byte
      if (mends) for (let at = 0; at < bytes.length; at += 512) mend(bytes.subarray(at, at + 512))
      const listing = await list(bytes)
      if ('type' in listing) {
        expect(listing.code).toBe('BAD_FOLDER')
        return
      }
      for (const { path } of listing.members) expect(path).not.toMatch(/^\/|(^|\/)\.\.?(\/|$)|\\|\p{Cc}/u)
    }),
    { numRuns: 500 },
  )
})

/** Gives a header the checksum that it would have. */
function mend(block: Buffer): void {
  if (block.subarray(257, 262).toString() !== 'ustar') return
  const sum = [...block.subarray(0, 148), ...block.subarray(156)].reduce((all, byte) => all + byte, 256)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
}

/** The same header with records that the library would not write. */
function paxHeader(records: string): Buffer {
  return member({ path: 'PaxHeader/x', type: 'ExtendedHeader' }, records)
}

describe('an archive of another program', () => {
  it('may name its members with ./ or the name of the folder', async () => {
    const [a, b] = [member({ path: './sub/a' }, 'a'), member({ path: './b' }, 'b')]
    expect(await paths(tarOf(member({ path: './', type: 'Directory' }), a, b))).toEqual(['sub/a', 'b'])
    const own = [member({ path: 'photos/', type: 'Directory' }), member({ path: 'photos/a' }, 'a')]
    expect(await paths(tarOf(...own), 'photos')).toEqual(['a'])
    expect(await paths(tarOf(...own), 'other')).toEqual(['photos', 'photos/a'])
    expect(await paths(tarOf(...own, member({ path: 'b' })), 'photos')).toEqual(['photos', 'photos/a', 'b'])
  })

  it('may have names that are no UTF-8: they tell their bytes, as they do where we pack ourselves', async () => {
    const old = (block: Buffer, at: number) => {
      block[at] = 0xe9
      const sum = [...block.subarray(0, 148), ...block.subarray(156, 512)].reduce((all, byte) => all + byte, 256)
      block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
      return block
    }
    const link = old(member({ path: 'way', type: 'SymbolicLink', linkpath: 'caf_.txt' }), 157 + 3)
    const tar = tarOf(old(member({ path: 'caf_.txt' }, 'latin'), 3), link, member({ path: 'é.txt' }, 'x'))
    expect(await list(tar)).toMatchObject({
      files: 2,
      members: [{ path: 'caf%E9.txt', size: 5 }, { path: 'way', target: 'caf%E9.txt' }, { path: 'é.txt' }],
    })
    const pax = paxHeader('17 path=caf_.txt\n')
    pax[512 + 11] = 0xe9
    expect(await paths(tarOf(pax, member({ path: 'caf' }, 'x')))).toEqual(['caf%E9.txt'])
    // What is hidden in them stays refused.
    expect(await refusal(tarOf(old(member({ path: '../caf_' }, 'x'), 6)))).toContain('..')
    expect(await refusal(tarOf(old(member({ path: 'caf_\x1b[2J' }, 'x'), 3)))).toContain('control')
  })

  it('may have paths that are too long for a header, wherever they are cut off', async () => {
    const wanted = Array.from({ length: 40 }, (_, length) => `${'a'.repeat(60 + length)}/${'b'.repeat(100)}/c`)
    for (const format of ['gnu', 'pax']) {
      const folder = await temporaryDirectory()
      await plant(join(folder, 'tree'), Object.fromEntries(wanted.map((path) => [path, file(path)])))
      const tar = join(folder, 'tree.tar')
      execFileSync('tar', [`--format=${format}`, '-C', join(folder, 'tree'), '-cf', tar, '.'])
      const listing = await list(await readFile(tar))
      expect(listing).toMatchObject({ files: wanted.length })
      expect((await paths(await readFile(tar))).filter((path) => path.endsWith('/c')).sort()).toEqual(wanted.toSorted())
    }
  })

  it('may have no end, or much of it', async () => {
    expect(await paths(member({ path: 'a' }, 'a'))).toEqual(['a'])
    expect(await paths(Buffer.concat([member({ path: 'a' }, 'a'), Buffer.alloc(10240)]))).toEqual(['a'])
    expect(await paths(Buffer.alloc(10240))).toEqual([])
  })

  it('may have a SHA256SUMS of its own, which is a file, and verifies the others where it names them all', async () => {
    const a = member({ path: 'a' }, 'a')
    const line = `${'1'.repeat(64)}  a\n`
    const its = member({ path: 'SHA256SUMS', mtime: new Date(1000_000) }, line)
    expect(await list(tarOf(a, its))).toMatchObject({
      files: 2,
      members: [{ sha256: '1'.repeat(64) }, { path: 'SHA256SUMS' }],
    })
    expect(await paths(tarOf(a, member({ path: 'SHA256SUMS' }, line)))).toEqual(['a'])
    expect(await list(tarOf(a, member({ path: 'SHA256SUMS' }, 'no digests')))).toMatchObject({ files: 2 })
    expect(await list(tarOf(member({ path: 'SHA256SUMS' }, line), a))).toMatchObject({ files: 2 })
  })

  it.each([
    ['tar', ['--format=gnu', '-cf']],
    ['tar', ['--format=pax', '-cf']],
    ['tar', ['--format=ustar', '-cf']],
    ['bsdtar', ['-cf']],
    ['python3', undefined],
  ])('%s %j is read', async (program, args) => {
    const folder = await temporaryDirectory()
    const deep = `${'deep/'.repeat(15)}${'n'.repeat(80)}`
    await mkdir(join(folder, 'photos', 'deep/'.repeat(15)), { recursive: true })
    await mkdir(join(folder, 'photos', 'empty'))
    await writeFile(join(folder, 'photos', deep), 'far')
    await writeFile(join(folder, 'photos', 'run'), 'x')
    await chmod(join(folder, 'photos', 'run'), 0o755)
    await writeFile(join(folder, 'photos', 'é.txt'), 'e')
    await symlink('run', join(folder, 'photos', 'way'))
    const tar = join(folder, 'x.tar')
    const script = `import tarfile; t=tarfile.open(${JSON.stringify(tar)},'w'); t.add(${JSON.stringify(join(folder, 'photos'))}, 'photos'); t.close()`
    const ran = await answerOf(program, args === undefined ? ['-c', script] : [...args, tar, '-C', folder, 'photos'])
    if (ran === undefined) return console.warn(`${program} is not here: left out`)
    const listing = await list(await readFile(tar))
    expect(listing).toMatchObject({ files: 3, bytes: 5 })
    expect(new Set(await paths(await readFile(tar)))).toEqual(
      new Set([...foldersOf(deep), deep, 'empty', 'run', 'way', 'é.txt']),
    )
  })
})

const foldersOf = (path: string) =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, all) => all.slice(0, index + 1).join('/'))
