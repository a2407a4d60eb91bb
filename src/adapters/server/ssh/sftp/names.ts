import { collisionKey, numbered } from '#domain/names/file-name.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { SUMS_NAME, sumsLine } from '#protocol/tar.ts'

/** What a path names. A path is a name here and nothing else: `..` ends at `/`, and there are no links. */
export type Place =
  | { readonly type: 'root' }
  | { readonly type: 'room'; readonly room: string }
  | { readonly type: 'file'; readonly room: string; readonly name: string }
  /** Nothing can be there. */
  | { readonly type: 'none' }

const MOST_PATH_BYTES = 4096

/** A path without `.` and `..`, from `/`; `home` is where a relative one begins. */
export function wholePath(path: string, home: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${home}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

export function placeOf(path: string, home: string): Place {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) return { type: 'none' }
  const [first, name, ...more] = wholePath(path, home).split('/').slice(1)
  if (first === undefined || first === '') return { type: 'root' }
  const room = checkRoomName(first)
  if (typeof room !== 'string' || more.length > 0) return { type: 'none' }
  return name === undefined ? { type: 'room', room } : { type: 'file', room, name }
}

/** A file as it is called here. */
export interface NamedFile {
  readonly name: string
  readonly file: RoomFile
}

/**
 * The names of a room's files: those that they have, and of several that are one name on some system the later ones get a number. By age, so
 * that no name moves to another file while the room keeps them. A folder is the tar that it came as.
 */
export function namedFiles(files: readonly RoomFile[]): readonly NamedFile[] {
  const taken = new Set([collisionKey(SUMS_NAME)])
  return files
    .toSorted((one, other) => one.at - other.at)
    .map((file) => {
      const wanted = file.file.folder === undefined ? file.file.name : `${file.file.name}.tar`
      let name = wanted
      for (let number = 2; taken.has(collisionKey(name)); number++) name = numbered(wanted, number)
      taken.add(collisionKey(name))
      return { name, file }
    })
}

/** The digests of the whole files under these names, for `sha256sum -c`. */
export const sumsOf = (named: readonly NamedFile[]): Buffer =>
  Buffer.from(named.map(({ name, file }) => (file.status === 'whole' ? sumsLine(file.file.sha256, name) : '')).join(''))

/** Endings by which clients name a file that is on its way: they rename it once it is through. */
const PARTIAL = /(?:\.filepart|(?:\.[0-9a-f]{8})?\.partial)$/

export const isPartial = (name: string): boolean => PARTIAL.test(name)
export const withoutPartial = (name: string): string => name.replace(PARTIAL, '')
