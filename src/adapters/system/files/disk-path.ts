import { isUtf8 } from 'node:buffer'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { errorCode } from './file-system.ts'

/** A path on disk: bytes when it is not UTF-8, as on disks of older systems. */
export type DiskPath = string | Buffer

/** The replacement character of decoders: all that a program in Node gets of a byte that is not UTF-8. */
const LOST = '\ufffd'

export const diskPath = (bytes: Buffer): DiskPath => (isUtf8(bytes) ? bytes.toString() : bytes)

/** The path of `name` in a folder. */
export const inside = (folder: DiskPath, name: Buffer): DiskPath =>
  diskPath(Buffer.concat([Buffer.from(folder), Buffer.from('/'), name]))

/** A path or a name for people: a byte that is not UTF-8 becomes `%E9`, so that different names stay different. */
export function pathText(path: DiskPath): string {
  if (typeof path === 'string') return path
  let text = ''
  for (let at = 0; at < path.length; ) {
    const length = [1, 2, 3, 4].find((bytes) => at + bytes <= path.length && isUtf8(path.subarray(at, at + bytes)))
    const byte = path[at] as number
    text += length === undefined ? `%${byte.toString(16).toUpperCase()}` : path.toString('utf8', at, at + length)
    at += length ?? 1
  }
  return text
}

/** The name of a local file or folder on other machines. Here a backslash may be part of a name; there it would split it. */
export function nameAt(path: DiskPath): string {
  const name = basename(resolve(pathText(path)))
  return sep === '\\' ? name : name.replaceAll('\\', '_')
}

/**
 * The paths behind words of the command line. A name that is not UTF-8 arrives damaged, and many names look alike then: the system's own
 * copy of the command line tells which one it was, or else the disk, when it has no more of them than were named. Otherwise a word stays as it is.
 */
export async function pathsTyped(words: readonly string[]): Promise<readonly DiskPath[]> {
  if (!words.some((word) => word.includes(LOST))) return words
  const typed = (await commandLine()).filter((word) => !isUtf8(word))
  const meant = new Map<string, DiskPath[]>()
  for (const word of new Set(words.filter((each) => each.includes(LOST)))) {
    const exact = typed.filter((raw) => raw.toString() === word)
    const found = exact.length > 0 ? exact : await looksLike(word)
    const count = words.filter((each) => each === word).length
    if (found.length <= count) meant.set(word, found)
  }
  return words.map((word) => meant.get(word)?.shift() ?? word)
}

/** The same for one word. */
export const pathTypedAs = async (word: string): Promise<DiskPath> => (await pathsTyped([word]))[0] ?? word

async function commandLine(): Promise<readonly Buffer[]> {
  // Only on Linux.
  const all = await readFile('/proc/self/cmdline').catch(() => Buffer.alloc(0))
  const words: Buffer[] = []
  for (let at = 0, end = all.indexOf(0); end >= 0; at = end + 1, end = all.indexOf(0, at))
    words.push(all.subarray(at, end))
  return words
}

/** The existing paths behind a word with lost bytes. */
async function looksLike(word: string): Promise<DiskPath[]> {
  let found: DiskPath[] = [word.startsWith('/') ? '' : '.']
  for (const part of word.split('/').filter((each) => each !== '')) {
    const next = found.map(async (folder) => {
      if (!part.includes(LOST)) return [inside(folder, Buffer.from(part))]
      const names = await readdir(folder === '' ? '/' : folder, { encoding: 'buffer' }).catch(noneThere)
      return names.filter((name) => name.toString() === part).map((name) => inside(folder, name))
    })
    found = (await Promise.all(next)).flat()
  }
  const there = await Promise.all(found.map((path) => lstat(path).catch(noneThere)))
  return found.filter((_, index) => !Array.isArray(there[index]))
}

function noneThere(error: unknown): [] {
  if (['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP'].includes(errorCode(error) ?? '')) return []
  throw error
}
