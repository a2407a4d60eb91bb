import { collisionKey, numbered } from '#domain/names/file-name.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { SUMS_NAME, sumsLine } from '#protocol/tar.ts'

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
