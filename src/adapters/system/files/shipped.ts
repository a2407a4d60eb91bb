import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import sea from 'node:sea'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { WorkerOptions } from 'node:worker_threads'

// Files that come with the program: beside it, or inside the executable that `scripts/pack-binary.ts` makes. There they have the addresses that
// they would have if it were a folder: file:///usr/bin/tamtam/dist/page/index.html. Every command loads this file: no `node:fs/promises`, which
// takes some milliseconds.

declare global {
  interface ImportMeta {
    /** Keeps the code that is compiled by now for the next start (`src/app/load.ts`). Of the built program only. */
    readonly keepCompiled?: () => void
  }
}

const FOLDER = sea.isSea() ? pathToFileURL(`${process.execPath}/`).href : undefined

/** The name of a file inside the executable; undefined where files are on disk. */
const nameInside = ({ href }: URL): string | undefined =>
  FOLDER !== undefined && href.startsWith(FOLDER) ? href.slice(FOLDER.length) : undefined

/** All of a file. The bytes are only to be read: in an executable they are its own. */
export function readShipped(file: URL): Buffer {
  const name = nameInside(file)
  return name === undefined ? readFileSync(file) : Buffer.from(sea.getRawAsset(name) as ArrayBuffer)
}

/** The paths of all files in a folder and below, with `/`; none where there is no such folder. The address ends with `/`. */
export function shippedIn(folder: URL): readonly string[] {
  const name = nameInside(folder)
  if (name !== undefined)
    return sea.getAssetKeys().flatMap((key) => (key.startsWith(name) ? key.slice(name.length) : []))
  const directory = fileURLToPath(folder)
  if (!existsSync(directory)) return []
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

/** What `new Worker` takes to run a file of the program in a thread. In an executable the thread's first code finds the file. */
export function threadOf(file: URL, options: WorkerOptions): [URL | string, WorkerOptions] {
  if (nameInside(file) === undefined) return [file, options]
  return [sea.getAsset('boot.cjs', 'utf8'), { ...options, eval: true, argv: [file.href] }]
}
