import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { numbered } from '#domain/names/file-name.ts'
import { type DiskPath, diskPath, inside, nameAt } from '#system/files/disk-path.ts'

/** One file of those that a path stands for, or why something there can't be one. */
export type Found =
  | { readonly type: 'file'; readonly path: DiskPath; readonly name: string }
  /** Left out on purpose: symbolic links in a folder may lead anywhere, and special files never end. */
  | { readonly type: 'skipped'; readonly path: DiskPath; readonly why: string }
  /** With the system's error. */
  | { readonly type: 'failed'; readonly path: DiskPath; readonly error: unknown }

export type FileToSend = Extract<Found, { readonly type: 'file' }>

/** The files that a path stands for: itself, or all in a folder, each named with its way inside (`photos - 2024 - a.jpg`). */
export async function* filesAt(path: DiskPath): AsyncGenerator<Found> {
  let found: Stats | undefined
  try {
    found = await stat(path)
  } catch {
    // Whoever opens it hears why.
  }
  const name = nameAt(path)
  if (found?.isDirectory()) yield* filesIn(path, name)
  else yield { type: 'file', path, name }
}

async function* filesIn(folder: DiskPath, name: string): AsyncGenerator<Found> {
  let entries: Dirent<Buffer>[]
  try {
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    yield { type: 'failed', path: folder, error }
    return
  }
  const sorted = entries.sort((one, other) => Buffer.compare(one.name, other.name))
  const taken = new Set(sorted.map((entry) => entry.name.toString()))
  for (const entry of sorted) {
    const path = inside(folder, entry.name)
    const at = { path, name: `${name} - ${nameOf(entry.name, taken)}` }
    if (entry.isFile()) yield { type: 'file', ...at }
    else if (entry.isDirectory()) yield* filesIn(path, at.name)
    else yield { type: 'skipped', path, why: entry.isSymbolicLink() ? 'is a symbolic link' : 'is a special file' }
  }
}

/** One that had to be changed is kept apart from those that are called so. */
function nameOf(bytes: Buffer, taken: Set<string>): string {
  const name = nameAt(diskPath(bytes))
  if (name === bytes.toString()) return name
  let free = name
  for (let number = 2; taken.has(free); number++) free = numbered(name, number)
  taken.add(free)
  return free
}
