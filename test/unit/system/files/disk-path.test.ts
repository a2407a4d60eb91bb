import { writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diskPath, inside, nameAt, pathsTyped, pathText } from '#system/files/disk-path.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

const latin = (text: string) => Buffer.from(text, 'latin1')

describe('a path', () => {
  it.each([
    ['café.txt', 'caf%E9.txt'],
    ['\xff\xfe', '%FF%FE'],
    // One byte is missing of a character, and one is too many.
    ['\xe2\x82', '%E2%82'],
    ['\xe2\x82\xac\xac', '€%AC'],
    ['\xed\xa0\x80', '%ED%A0%80'],
  ])('%j, which is no UTF-8, is shown as %j', (bytes, shown) => {
    expect(pathText(diskPath(latin(bytes)))).toBe(shown)
  })

  it('that is UTF-8 stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(pathText(diskPath(Buffer.from(text)))).toBe(Buffer.from(text).toString())
      }),
    )
  })

  it('is shown like no other, where no per cent is in it', () => {
    const bytes = fc.uint8Array({ maxLength: 8 }).map((found) => Buffer.from(found.filter((byte) => byte !== 0x25)))
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        expect(pathText(diskPath(one)) === pathText(diskPath(other))).toBe(one.equals(other))
      }),
    )
  })

  it('ends with a name that no backslash cuts off', () => {
    expect(nameAt('/a/b c')).toBe('b c')
    expect(nameAt('/a/b/')).toBe('b')
    expect(nameAt(diskPath(latin('/é/è')))).toBe('%E8')
    if (process.platform !== 'win32') expect(nameAt('/a/b\\..')).toBe('b_..')
  })
})

describe.runIf(process.platform === 'linux')('what was typed with lost bytes', () => {
  const lost = (text: string) => text.replace(/[^\0-\x7f]/g, '\ufffd')

  async function folderOf(...names: string[]) {
    const folder = await temporaryDirectory()
    for (const name of names) await writeFile(inside(folder, latin(name)), '')
    const at = (name: string) => inside(folder, latin(name))
    return { folder, at, typed: (name: string) => `${folder}/${lost(name)}` }
  }

  it('is what the disk has under it, where no more are there than were named', async () => {
    const { at, typed } = await folderOf('caf\xe9', 'caf\xe8', 'plain')
    const found = await pathsTyped([typed('plain'), typed('caf\xe9'), typed('caf\xe9')])
    expect(found[0]).toBe(at('plain'))
    expect(found).toHaveLength(3)
    expect(found).toEqual(expect.arrayContaining([at('caf\xe9'), at('caf\xe8')]))
  })

  it('stays as it is where several are meant by one word, or none', async () => {
    const { typed } = await folderOf('caf\xe9', 'caf\xe8')
    for (const word of [typed('caf\xe9'), typed('\xe9caf'), '/nowhere/\ufffd'])
      expect(await pathsTyped([word])).toEqual([word])
  })
})
