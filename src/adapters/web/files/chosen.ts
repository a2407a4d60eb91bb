import type { FileToSend } from './uploads.ts'

// What folders need is loaded with the first one.

/** Picked files; those of a folder, which know their paths, become one. */
export async function picked(files: readonly File[]): Promise<readonly FileToSend[]> {
  if (!files.some(({ webkitRelativePath }) => webkitRelativePath !== '')) return files.map(asChosen)
  return (await import('./folder-tar.ts')).pickedFolders(files)
}

/** Dropped files and folders. The browser's list must be taken at once. */
export async function dropped({ items, files }: DataTransfer): Promise<readonly FileToSend[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? null)
  if (!entries.some((entry) => entry?.isDirectory)) return Array.from(files, asChosen)
  return (await import('./folder-tar.ts')).droppedFolders(entries)
}

const asChosen = (file: File): FileToSend => ({ file, name: file.name })

/** Text that somebody wants to send as a file. */
export const textFile = (text: string, name: string): FileToSend => ({
  file: new Blob([text], { type: 'text/plain' }),
  name: /\.\w+$/.test(name) ? name : `${name}.txt`,
})
