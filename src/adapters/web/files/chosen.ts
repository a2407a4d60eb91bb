import type { FileToSend } from './uploads.ts'

// Files of a folder are called by their way in it, as `tamtam send` calls them: `photos - 2024 - a.jpg`.

/** Picked files; files of a folder know their path. */
export const picked = (files: Iterable<File>): readonly FileToSend[] =>
  Array.from(files, (file) => ({ file, name: nameOf(file.webkitRelativePath || file.name) }))

const nameOf = (path: string): string => path.replace(/^\/+/, '').split('/').join(' - ')

/** Dropped files, with the content of folders. The browser's list must be taken at once. */
export async function dropped({ items, files }: DataTransfer): Promise<readonly FileToSend[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? null)
  if (!entries.some((entry) => entry?.isDirectory)) return picked(files)
  const found: FileToSend[] = []
  for (const entry of entries) if (entry !== null) await collect(entry, found)
  return found
}

async function collect(entry: FileSystemEntry, found: FileToSend[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    found.push({ file, name: nameOf(entry.fullPath) })
  } else if (isDirectory(entry)) {
    const reader = entry.createReader()
    // It tells of some at a time.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (some.length === 0) return
      for (const each of some.sort((one, other) => (one.name < other.name ? -1 : 1))) await collect(each, found)
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** Text that somebody wants to send as a file. */
export const textFile = (text: string, name: string): FileToSend => ({
  file: new Blob([text], { type: 'text/plain' }),
  name: /\.\w+$/.test(name) ? name : `${name}.txt`,
})
