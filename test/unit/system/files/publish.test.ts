import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collisionKey } from '#domain/names/file-name.ts'
import { type Published, SaveFolder } from '#system/files/publish.ts'
import { sha256Of } from '../../../harness/bytes.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

const contentOf = (text: string) => ({
  size: Buffer.byteLength(text),
  sha256: sha256Of(text),
})

async function openFolder() {
  const path = await temporaryDirectory()
  const here = async () => {
    const names = (await readdir(path)).sort()
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
    )
  }
  return { path, here }
}

interface Received {
  readonly id: string
  readonly name: string
  readonly text: string
}

const save = async (folder: SaveFolder, { id, name, text }: Received): Promise<Published | undefined> => {
  const file = { id, ...contentOf(text) }
  const found = await folder.find([name], file)
  if (found !== undefined) return { path: found, already: true }
  return await folder.publish(name, file, (free) => writeFile(free, text, { flag: 'wx' }))
}

const file = (name: string, text: string): Received => ({ id: `${name} of ${text}`, name, text })

describe('a folder for received files', () => {
  it('takes each file once, however often it comes, and keeps all that was there', async () => {
    const names = fc.constantFrom('a', 'A', 'a.txt', 'a (2).txt', 'A (2).TXT', 'a (2) (2).txt', 'é', 'E\u0301')
    const texts = fc.constantFrom('', 'satu', 'dua!')
    const received = fc
      .array(fc.record({ name: names, text: texts }), { maxLength: 8 })
      .map((files) => files.map((each, index) => ({ id: String(index), ...each })))
    const mine = fc.uniqueArray(fc.record({ name: names, text: texts }), {
      maxLength: 3,
      selector: ({ name }) => collisionKey(name),
    })
    await fc.assert(
      fc.asyncProperty(received, mine, async (files, others) => {
        const { path, here } = await openFolder()
        for (const { name, text } of others) await writeFile(join(path, name), text)
        const before = await here()
        const paths = new Set<string | undefined>()
        let folder = new SaveFolder(path)
        for (const each of files) {
          const saved = await save(folder, each)
          paths.add(saved?.path)
          expect(await readFile(saved?.path ?? '', 'utf8')).toBe(each.text)
        }
        const after = await here()
        expect(paths.size).toBe(files.length)
        expect(after).toMatchObject(before)
        expect(new Set(Object.keys(after).map(collisionKey)).size).toBe(Object.keys(after).length)
        let last = after
        for (let time = 2; time <= 3; time++) {
          last = await here()
          folder = new SaveFolder(path)
          for (const each of files) await save(folder, each)
        }
        expect(await here()).toEqual(last)
        // What was here before may look like one of them, and is taken for it only from then on.
        if (others.length === 0) expect(last).toEqual(after)
      }),
      { numRuns: 60 },
    )
  })

  it('gives a name again that was taken away, and none that somebody else took meanwhile', async () => {
    const { path, here } = await openFolder()
    const folder = new SaveFolder(path)
    await save(folder, file('a', 'satu'))
    await rm(join(path, 'a'))
    await writeFile(join(path, 'b'), 'mine')
    await save(folder, file('a', 'dua!'))
    await save(folder, file('b', 'tiga'))
    await rm(path, { recursive: true })
    await save(folder, file('c', 'empat'))
    await save(folder, file('a', 'lima'))
    expect(await here()).toEqual({ a: 'lima', c: 'empat' })
  })

  it('is read again where somebody else has changed it, and only there', async () => {
    const { path } = await openFolder()
    const folder = new SaveFolder(path)
    await save(folder, file('a', 'satu'))
    const then = new Date(Date.now() - 60_000)
    await writeFile(join(path, 'B'), 'mine')
    // As if it had been there when we were done.
    await utimes(path, then, then)
    await folder.settled()
    expect(await save(folder, file('b', 'dua'))).toEqual({ path: join(path, 'b'), already: false })
    await folder.settled()
    await writeFile(join(path, 'C'), 'mine')
    await utimes(path, then, new Date(0))
    expect(await save(folder, file('c', 'tiga'))).toEqual({ path: join(path, 'c (2)'), already: false })
  })
})
