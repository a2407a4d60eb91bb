import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FolderArchive } from '#folder/pack.ts'
import { walk } from '#folder/walk.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'
import { run } from '../../harness/tools.ts'
import { file, plant, treeAt, trees } from '../../harness/trees.ts'

interface Listed {
  readonly members: readonly {
    readonly path: string
    readonly sha256?: string
    readonly executable?: true
    readonly link?: string
  }[]
}

async function packed(tree: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of new FolderArchive(await walk(tree)).read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('the zip of any tree holds what its list says', async () => {
  const { port } = await startHttpHost()
  const folder = await temporaryDirectory()
  const [tree, zip, into] = ['tree', 'tree.zip', 'out'].map((name) => join(folder, name)) as [string, string, string]
  await fc.assert(
    fc.asyncProperty(trees, async (planted) => {
      for (const path of [tree, into]) await rm(path, { recursive: true, force: true })
      await plant(tree, planted)
      const put = await ask(port, 'PUT /lobby/tree/', { body: await packed(tree) })
      const { id, url } = put.json as { id: string; url: string }
      const { members } = (await ask(port, `GET ${url}/`)).json as Listed
      const { bytes, headers } = await ask(port, `GET ${url}.zip`)
      expect(headers['content-length']).toBe(String(bytes.length))
      await writeFile(zip, bytes)
      // Not unzip: it takes `;1` at the end of a name for a version.
      await plant(into, {})
      run('bsdtar', '-xf', zip, '-C', into)
      const found = await treeAt(into)
      const sums = Object.entries(found).flatMap(([path, what]) =>
        what !== 'folder' && /^SHA256SUMS/.test(path) && !members.some((member) => member.path === path) ? [path] : [],
      )
      expect(sums).toHaveLength(1)
      const files = members.filter(({ path, link }) => link === undefined && !path.endsWith('/'))
      const said = files.map(({ path, sha256, executable }) => [path, `file ${sha256} ${executable ? 'x' : '-'}`])
      const held = Object.entries(found)
        .filter(([path, what]) => what !== 'folder' && path !== sums[0])
        .map(([path, what]) => [path, what.replace(/ \d+$/, '')])
      expect(Object.fromEntries(held)).toEqual(Object.fromEntries(said))
      for (const { path } of members) if (path.endsWith('/')) expect(found[path.slice(0, -1)]).toBe('folder')
      const lines = (await readFile(join(into, sums[0] ?? ''), 'utf8')).split('\n').slice(0, -1)
      expect(lines).toEqual(files.map(({ path, sha256 }) => `${sha256}  ${path}`))
      await ask(port, `DELETE /files/${id}`)
    }),
    { numRuns: 60 },
  )
})

const PARTS = [
  '.',
  '..',
  '/',
  '%2f',
  '%2F',
  '%2e',
  '%5c',
  '%00',
  '%',
  '%c0%ae',
  '%E2%80%AE',
  'a.txt',
  'sub',
  'sub/b.txt',
  '*',
  '?',
  ':',
  '~',
]

test('no path in an address leads to anything but a file of the folder', async () => {
  const { port } = await startHttpHost()
  const tree = join(await temporaryDirectory(), 'tree')
  await plant(tree, { 'a.txt': file('inside'), 'sub/b.txt': file('inside') })
  const { url } = (await ask(port, 'PUT /lobby/tree/', { body: await packed(tree) })).json as { url: string }
  await ask(port, 'PUT /lobby/other.txt', { body: 'outside' })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 8 }), async (parts) => {
      const path = parts.join('')
      const { status, text } = await ask(port, `GET ${url}/${path}`)
      if (status === 200) {
        const isList = /^\/*(\?|$)/.test(path)
        if (!isList) expect(text).toBe('inside')
        else expect(text).toContain('"members"')
      } else expect([400, 404]).toContain(status)
    }),
    { numRuns: 400 },
  )
})
