import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { errorCode } from '#system/files/file-system.ts'

/** How a file can be sent: as it is, or compressed when the page was built. */
export interface Form {
  readonly bytes: Buffer
  readonly etag: string
}

export interface PageFile {
  /** Where it is on the host, as in `/assets/main-B1x.js`. */
  readonly path: string
  readonly type: string
  readonly plain: Form
  readonly br?: Form
  readonly gzip?: Form
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/** The files of the page as the set-up built them (`scripts/build-web.ts`), in memory; none where it has not. */
export async function builtPage(directory: string): Promise<readonly PageFile[]> {
  const names = await filesIn(directory)
  const files = names.filter((name) => TYPES[extname(name)] !== undefined)
  const form = async (name: string) =>
    names.includes(name) ? formOf(await readFile(join(directory, name))) : undefined
  return await Promise.all(
    files.map(async (name) => {
      const [br, gzip] = [await form(`${name}.br`), await form(`${name}.gz`)]
      return {
        path: `/${name.split(sep).join('/')}`,
        type: TYPES[extname(name)] ?? '',
        plain: formOf(await readFile(join(directory, name))),
        ...(br === undefined ? {} : { br }),
        ...(gzip === undefined ? {} : { gzip }),
      }
    }),
  )
}

async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

const formOf = (bytes: Buffer): Form => ({
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
})
