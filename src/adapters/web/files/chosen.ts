import type { FolderEntry } from './folder-tar.ts'
import type { ToSend } from './upload.ts'

/** Picked files; those of a folder, which know their paths, become one. */
export function picked(files: readonly File[]): readonly ToSend[] {
  const found: ToSend[] = []
  const folders = new Map<string, FolderEntry[]>()
  for (const file of files) {
    const [name = '', ...path] = (file.webkitRelativePath || file.name).split('/')
    const inside = folders.get(name) ?? []
    if (path.length === 0) found.push(asChosen(file))
    else folders.set(name, inside)
    inside.push({ path: path.join('/'), file })
  }
  for (const [name, entries] of folders) found.push({ name, entries: async () => entries })
  return found
}

/** Dropped files and folders. To be called while the event is handled: later the browser has forgotten its list. */
export function dropped({ items, files }: DataTransfer): readonly ToSend[] {
  const found = Array.from(items, (item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }))
  if (!found.some(({ entry }) => entry?.isDirectory)) return Array.from(files, asChosen)
  return found.flatMap(({ entry, file }) => {
    if (entry !== null && isDirectory(entry)) return [{ name: entry.name, entries: () => entriesIn(entry) }]
    return file === null ? [] : [asChosen(file)]
  })
}

const asChosen = (file: File): ToSend => ({ file, name: file.name })

/** Text that somebody wants to send as a file. */
export const textFile = (text: string, name: string): ToSend => ({
  file: new Blob([text], { type: 'text/plain' }),
  name: /\.\w+$/.test(name) ? name : `${name}.txt`,
})

/** Everything in a folder, as it is now; one folder after the other, so that the page has its turns. `path` ends with a slash where it is not empty. */
async function entriesIn(folder: FileSystemDirectoryEntry, path = ''): Promise<readonly FolderEntry[]> {
  const reader = folder.createReader()
  const found: FolderEntry[] = []
  // It tells of some at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    const files = some.filter(isFile).map(async (each) => ({ path: path + each.name, file: await fileOf(each) }))
    found.push(...(await Promise.all(files)))
    for (const each of some.filter(isDirectory)) found.push(...(await entriesIn(each, `${path}${each.name}/`)))
  }
  return found.length === 0 && path !== '' ? [{ path: path.slice(0, -1) }] : found
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
