import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileSaver, type FileSaverOptions } from '#app/cli/host-files.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { FolderArchive } from '#folder/pack.ts'
import { pieces } from '../../../harness/bytes.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { failure, openHouse } from '../../../harness/house.ts'
import { file, type PlantedTree, plant, treeAt } from '../../../harness/trees.ts'

/** A room with a folder to save into. */
async function openFolder(more: Partial<FileSaverOptions> = {}) {
  const options = { prefix: 'terima_', ...more }
  const base = await temporaryDirectory()
  const directory = join(base, 'simpan')
  const { join: enter, fileStore } = await openHouse()
  const [ani, tuan] = [await enter('ani'), await enter('tuan')]
  const saver = new FileSaver(directory, tuan, options)
  const send = async (name: string, ...content: string[]): Promise<WholeFile> => {
    const file = await ani.upload(pieces(...content), { name }).done
    if ('type' in file) throw new Error(file.message)
    return file
  }
  const names = async () => (await readdir(directory)).sort()
  const read = (name: string) => readFile(join(directory, name), 'utf8')
  const sendFolder = async (name: string, tree: PlantedTree): Promise<WholeFile> => {
    await plant(join(base, name), tree)
    const archive = await FolderArchive.open(join(base, name))
    const { files, bytes } = archive
    const file = await ani.upload(archive.read(), { name, folder: { files, bytes } }).done
    if ('type' in file) throw new Error(file.message)
    return file
  }
  return {
    base,
    directory,
    fileStore,
    sendFolder,
    saver,
    send,
    names,
    read,
    again: (other: Partial<FileSaverOptions> = {}) => new FileSaver(directory, tuan, { ...options, ...other }),
  }
}

describe('a received file', () => {
  it('C51 is copied with exactly its bytes, with the rights that the umask leaves, and no part is left', async () => {
    const { directory, saver, send, names, read } = await openFolder()
    const path = await saver.save(await send('a.txt', 'ha', 'lo\r\n\0', 'x'.repeat(3_000_000)))
    expect(path).toBe(join(directory, 'terima_a.txt'))
    expect((await stat(path)).mode & 0o777).toBe(0o666 & ~process.umask())
    expect(await read('terima_a.txt')).toBe(`halo\r\n\0${'x'.repeat(3_000_000)}`)
    expect(await names()).toEqual(['terima_a.txt'])
  })
  it('C26 may be empty', async () => {
    const { saver, send, read } = await openFolder()
    await saver.save(await send('a.txt'))
    expect(await read('terima_a.txt')).toBe('')
  })
  it('C52 C53 is never put in place of what is there, whatever that is', async () => {
    const { base, directory, saver, send, names, read } = await openFolder()
    await mkdir(join(directory, 'terima_a (2).txt'), { recursive: true })
    await writeFile(join(directory, 'terima_a.txt'), 'mine')
    await symlink(join(base, 'elsewhere'), join(directory, 'terima_a (3).txt'))
    expect(spawnSync('mkfifo', [join(directory, 'terima_a (4).txt')]).status).toBe(0)
    const path = await saver.save(await send('a.txt', 'theirs'))
    expect(basename(path)).toBe('terima_a (5).txt')
    expect([await read('terima_a.txt'), await read('terima_a (5).txt')]).toEqual(['mine', 'theirs'])
    expect(await names()).toHaveLength(5)
    expect(await readdir(base)).toEqual(['simpan'])
  })
  it.each([
    ['README', 'readme', 'terima_readme (2)'],
    ['é.txt', 'E\u0301.TXT', 'terima_É (2).TXT'],
    ['straße', 'STRASSE', 'terima_STRASSE (2)'],
    ['İ', 'i', 'terima_i (2)'],
  ])('C47 called %j lies beside one called %j on every system', async (first, second, saved) => {
    const { saver, send, names } = await openFolder()
    await saver.save(await send(first, 'one'))
    expect(basename(await saver.save(await send(second, 'two')))).toBe(saved)
    expect(await names()).toHaveLength(2)
  })
  it('removes the parts that a killed process left, and nothing else with such a name', async () => {
    const { directory, saver, send, names } = await openFolder()
    const file = await send('a.txt', 'theirs')
    await mkdir(directory)
    for (const left of [`.${file.id}.part`, `.${file.id}.99-abc-12ef.part`, 'mine.part', '.mine.part'])
      await writeFile(join(directory, left), 'not all of it')
    await saver.save(file)
    expect((await names()).sort()).toEqual(['.mine.part', 'mine.part', 'terima_a.txt'])
  })
  it('C51 does not follow a link that lies where its part would be', async () => {
    const { base, directory, saver, send, names } = await openFolder()
    const file = await send('a.txt', 'theirs')
    await mkdir(directory)
    await writeFile(join(base, 'precious'), 'mine')
    await symlink(join(base, 'precious'), join(directory, `.${file.id}.part`))
    await saver.save(file)
    expect(await readFile(join(base, 'precious'), 'utf8')).toBe('mine')
    expect(await names()).toEqual(['terima_a.txt'])
  })
  it('C51 goes nowhere where its folder became a link to another one meanwhile', async () => {
    const { base, directory, fileStore, saver, send } = await openFolder()
    const precious = join(base, 'precious')
    await mkdir(precious)
    const file = await send('a.txt', 'theirs')
    const read = fileStore.read.bind(fileStore)
    fileStore.read = async function* (...args) {
      await rename(directory, join(base, 'moved'))
      await symlink(precious, directory)
      yield* read(...args)
    }
    expect(await failure(saver.save(file))).toMatchObject({ code: 'ENOENT' })
    expect(await readdir(precious)).toEqual([])
    expect(await readdir(join(base, 'moved'))).not.toContain('terima_a.txt')
  })
  it.each([
    '../../etc/passwd',
    '..\\..\\win.ini',
    '/etc/passwd',
    '.bashrc',
    '..',
    'a\0b',
    'CON',
    'a\u001b[2Jb\n',
    '',
    '-rf',
    `${'é'.repeat(300)}.mp3`,
  ])('C38 to C54 called %j stays in its folder, under a name that begins with terima_', async (name) => {
    const { directory, saver, send, names } = await openFolder()
    const file = await send('a.txt', 'isi')
    const path = await saver.save({ ...file, name })
    expect(dirname(path)).toBe(directory)
    expect(await names()).toEqual([basename(path)])
    expect(basename(path)).toMatch(/^terima_[^/\\\p{Cc}]+$/u)
    expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(207)
  })
  it('leaves nothing when it is gone before it was read', async () => {
    const { fileStore, saver, send, names } = await openFolder()
    const file = await send('a.txt', 'isi')
    await fileStore.remove(file.id)
    expect(await failure(saver.save(file))).toMatchObject({ code: 'NO_SUCH_FILE' })
    expect(await names()).toEqual([])
  })
  it('C112 is not kept where its bytes are not the ones that were sent', async () => {
    const { saver, send, names } = await openFolder()
    const file = await send('a.txt', 'isi')
    expect(await failure(saver.save({ ...file, sha256: '0'.repeat(64) }))).toBeInstanceOf(Error)
    expect(await names()).toEqual([])
  })
  it('lies beside what others put into the folder meanwhile', async () => {
    const { directory, saver, send, names } = await openFolder()
    await saver.save(await send('a.txt', 'one'))
    await writeFile(join(directory, 'TERIMA_B.TXT'), 'mine')
    // Clocks of disks are coarse: it may have come in the moment in which we were done.
    await utimes(directory, new Date(0), new Date(0))
    expect(basename(await saver.save(await send('b.txt', 'two')))).toBe('terima_b (2).txt')
    expect(basename(await saver.save(await send('a.txt', 'three')))).toBe('terima_a (2).txt')
    expect(await names()).toHaveLength(4)
  })
})

describe('copies that go with the room’s files', () => {
  const withRoom = { withRoom: { quotaBytes: 10 } }

  it('are made as long as they and the room’s files are no more than its quota', async () => {
    const { saver, send, names } = await openFolder(withRoom)
    await saver.save(await send('a.txt', '1234'))
    expect(await failure(saver.save(await send('b.txt', '56')))).toMatchObject({
      message: expect.stringContaining('--save'),
    })
    expect(await names()).toEqual(['terima_a.txt'])
  })
  it('have no bound where the room has none', async () => {
    const { saver, send, names } = await openFolder({ withRoom: { quotaBytes: 0 } })
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await saver.save(await send(name, `${name} 1234567`))
    expect(await names()).toHaveLength(3)
  })
  it('go with their file, also after a restart, and a place that was full is free again', async () => {
    const { saver, again, send, names, directory } = await openFolder(withRoom)
    const [first, second] = [await send('a.txt', '1234'), await send('a.txt', '2')]
    for (const file of [first, second]) await saver.save(file)
    const later = again()
    await later.withdrawn(first.id)
    expect(await names()).toEqual(['terima_a (2).txt'])
    expect(await readFile(join(directory, 'terima_a (2).txt'), 'utf8')).toBe('2')
  })
  it('go under whatever prefix they were saved', async () => {
    const { saver, again, send, names } = await openFolder(withRoom)
    const [first, second] = [await send('a.txt', '1234'), await send('desktop.ini', '2')]
    await saver.save(first)
    const later = again({ prefix: '' })
    await later.save(second)
    expect(await names()).toEqual(['_desktop.ini', 'terima_a.txt'])
    for (const { id } of [first, second]) await later.withdrawn(id)
    expect(await names()).toEqual([])
  })
  it('stay where somebody has changed them, and where copies are to stay', async () => {
    const { saver, send, names, directory } = await openFolder(withRoom)
    const file = await send('a.txt', '1234')
    await saver.save(file)
    await writeFile(join(directory, 'terima_a.txt'), '4321')
    await saver.withdrawn(file.id)
    expect(await names()).toEqual(['terima_a.txt'])
    const other = await openFolder()
    const kept = await other.send('a.txt', '1234')
    await other.saver.save(kept)
    await other.saver.withdrawn(kept.id)
    expect(await other.names()).toEqual(['terima_a.txt'])
  })
})

describe('a received folder', () => {
  const tree = {
    'sub/a': file('alpha', true),
    b: file('beta'),
    way: { type: 'link', target: 'b', modified: 5 },
  } as const

  it('is a folder here, once, and nothing is left of its archive', async () => {
    const { base, directory, saver, sendFolder, names } = await openFolder()
    const sent = await sendFolder('photos', tree)
    expect([basename(await saver.save(sent)), basename(await saver.save(sent))]).toEqual([
      'terima_photos',
      'terima_photos',
    ])
    expect(await names()).toEqual(['terima_photos'])
    expect(await treeAt(join(directory, 'terima_photos'))).toEqual(await treeAt(join(base, 'photos')))
  })
  it('that was half built when a host was killed goes', async () => {
    const { directory, saver, send, names } = await openFolder()
    await mkdir(join(directory, '.terima_photos.01234567.99999999-abc-0123.folder', 'half'), { recursive: true })
    await saver.save(await send('a.txt', 'isi'))
    expect(await names()).toEqual(['terima_a.txt'])
  })
  it('goes with its archive where nobody has changed it', async () => {
    const { directory, saver, sendFolder, names } = await openFolder({ withRoom: { quotaBytes: 0 } })
    const [one, two] = [await sendFolder('one', tree), await sendFolder('two', tree)]
    for (const sent of [one, two]) await saver.save(sent)
    await writeFile(join(directory, 'terima_two', 'mine'), '')
    for (const sent of [one, two]) await saver.withdrawn(sent.id)
    expect(await names()).toEqual(['terima_two'])
  })
})
