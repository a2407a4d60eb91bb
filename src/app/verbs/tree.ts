import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

export interface FileToSend {
  readonly path: string
  readonly name: string
}

/**
 * The files that a path stands for: itself, or all in a folder, each named with its way inside (`photos - 2024 - a.jpg`). Symbolic links
 * in a folder may lead anywhere and special files never end, so both are left out, and `skipped` hears of them. Rejects with the system's error.
 */
export async function* filesAt(path: string, skipped: (path: string, why: string) => void): AsyncGenerator<FileToSend> {
  const found = await stat(path)
  const name = basename(resolve(path))
  if (found.isFile()) yield { path, name }
  else if (found.isDirectory()) yield* filesIn(path, name, skipped)
  else skipped(path, 'is neither a file nor a folder; send what a pipe says with -')
}

async function* filesIn(
  folder: string,
  name: string,
  skipped: (path: string, why: string) => void,
): AsyncGenerator<FileToSend> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const at = { path: join(folder, entry.name), name: `${name} - ${entry.name}` }
    if (entry.isFile()) yield at
    else if (entry.isDirectory()) yield* filesIn(at.path, at.name, skipped)
    else skipped(at.path, entry.isSymbolicLink() ? 'is a symbolic link' : 'is a special file')
  }
}
