import type { FolderEntry } from './folder-tar.ts'
import type { FileToSend } from './uploads.ts'

/** Picked files; those of a folder, which know their paths, become one. */
export async function picked(files: Iterable<File>): Promise<readonly FileToSend[]> {
  const found: FileToSend[] = []
  const folders = new Map<string, FolderEntry[]>()
  for (const file of files) {
    const [name = '', ...path] = file.webkitRelativePath.split('/')
    if (path.length === 0) found.push({ file, name: file.name })
    else {
      const inside = folders.get(name) ?? []
      inside.push({ path: path.join('/'), file })
      folders.set(name, inside)
    }
  }
  return [...found, ...(await packedFolders(folders))]
}

/** Dropped files and folders. The browser's list must be taken at once. */
export async function dropped({ items, files }: DataTransfer): Promise<readonly FileToSend[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? null)
  if (!entries.some((entry) => entry?.isDirectory)) return picked(files)
  const found: FileToSend[] = []
  const folders = new Map<string, FolderEntry[]>()
  for (const entry of entries)
    if (entry !== null && isFile(entry)) found.push({ file: await fileOf(entry), name: entry.name })
    else if (entry !== null && isDirectory(entry)) {
      const inside: FolderEntry[] = []
      await collect(entry, '', inside)
      folders.set(entry.name, inside)
    }
  return [...found, ...(await packedFolders(folders))]
}

async function packedFolders(folders: ReadonlyMap<string, readonly FolderEntry[]>): Promise<readonly FileToSend[]> {
  if (folders.size === 0) return []
  const { packed } = await import('./folder-tar.ts')
  return await Promise.all(Array.from(folders, ([name, entries]) => packed(name, entries)))
}

/** `path` ends with a slash where it is not empty. */
async function collect(folder: FileSystemDirectoryEntry, path: string, found: FolderEntry[]): Promise<void> {
  const reader = folder.createReader()
  let isEmpty = true
  // It tells of some at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    isEmpty = false
    for (const each of some)
      if (isFile(each)) found.push({ path: path + each.name, file: await fileOf(each) })
      else if (isDirectory(each)) await collect(each, `${path}${each.name}/`, found)
  }
  if (isEmpty && path !== '') found.push({ path: path.slice(0, -1) })
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** Text that somebody wants to send as a file. */
export const textFile = (text: string, name: string): FileToSend => ({
  file: new Blob([text], { type: 'text/plain' }),
  name: /\.\w+$/.test(name) ? name : `${name}.txt`,
})
