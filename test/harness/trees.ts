import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, lstat, lutimes, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Header, type HeaderData, Pax } from 'tar'

/** Something in a folder. Times are in seconds since 1970. */
export type Planted =
  | {
      readonly type: 'file'
      readonly content: string | Uint8Array
      readonly modified: number
      readonly executable: boolean
    }
  | { readonly type: 'link'; readonly target: string; readonly modified: number }
  | { readonly type: 'folder' }

/** By path, relative to the folder. */
export type PlantedTree = Readonly<Record<string, Planted>>

export const file = (content: string | Uint8Array = '', executable = false, modified = 1_600_000_000): Planted => ({
  type: 'file',
  content,
  modified,
  executable,
})

/** Makes the tree at a path. */
export async function plant(path: string, tree: PlantedTree): Promise<void> {
  await mkdir(path, { recursive: true })
  for (const [name, planted] of Object.entries(tree)) {
    const at = join(path, name)
    await mkdir(planted.type === 'folder' ? at : dirname(at), { recursive: true })
    if (planted.type === 'folder') continue
    if (planted.type === 'link') await symlink(planted.target, at)
    else {
      await writeFile(at, planted.content)
      await chmod(at, planted.executable ? 0o755 : 0o644)
    }
    await lutimes(at, planted.modified, planted.modified)
  }
}

/** What lies at a path, but the times of folders: paths, contents, links, times, and what may be executed. */
export async function treeAt(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name)
    const name = at.slice(path.length + 1)
    const { mtimeMs, mode } = await lstat(at)
    const time = Math.floor(mtimeMs / 1000)
    if (entry.isSymbolicLink()) found[name] = `link to ${await readlink(at)} ${time}`
    else if (entry.isDirectory()) found[name] = 'folder'
    else found[name] = `file ${await sha256Of(at)} ${mode & 0o100 ? 'x' : '-'} ${time}`
  }
  return found
}

const sha256Of = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

const run = promisify(execFile)

/** The answer of a program; undefined where it is not installed. Rejects where it fails. */
export async function answerOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(program, args, { maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'a.txt', 'A', 'SHA256SUMS', '-rf', '.hidden', 'x y', 'é', '家', '😀.png', 'n'.repeat(120)),
  // A drive is no name.
  fc.stringMatching(/^[\w~!@#$%^&()+=,;'?*"<>:|-]{1,20}$/).filter((text) => !/^[a-z]:/i.test(text)),
)
const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
const modified = fc.integer({ min: 0, max: 2 ** 33 - 1 })
const content = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 3000 }) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(0, 511, 512, 513, 1024 * 1024, 1024 * 1024 + 1)
      .map((size) => new Uint8Array(size).fill(7)),
  },
)
const planted: fc.Arbitrary<Planted> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('file' as const), content, modified, executable: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'folder' as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('link' as const), modified, target: name }) },
)

/** Trees of random names, depths, contents, links and empty folders, in which nothing lies below a file or a link. */
export const trees: fc.Arbitrary<PlantedTree> = fc.array(fc.tuple(path, planted), { maxLength: 12 }).map((entries) => {
  const tree: Record<string, Planted> = {}
  for (const [at, what] of entries) {
    const inTheWay = Object.entries(tree).some(
      ([other, { type }]) =>
        other === at || other.startsWith(`${at}/`) || (type !== 'folder' && at.startsWith(`${other}/`)),
    )
    if (!inTheWay && !/[. ](\/|$)/.test(at)) tree[at] = what
  }
  return tree
})

/** A member of a tar archive, whatever its header says. */
export function member(data: HeaderData, content: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(content)
  const header = new Header({
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    type: 'File',
    ...data,
    size: data.size ?? bytes.length,
  })
  const pax = header.encode() ? new Pax(data).encode() : Buffer.alloc(0)
  return Buffer.concat([pax, header.block as Buffer, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

export const tarOf = (...members: readonly Buffer[]): Buffer => Buffer.concat([...members, Buffer.alloc(1024)])
