import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, lutimes, mkdir, open, rename, rm, statfs, symlink, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Rejected, rejected } from '#domain/errors.ts'
import { numbered } from '#domain/names/file-name.ts'
import { cutUtf8, forTerminal } from '#domain/names/text.ts'
import { errorCode, ignoreMissing, writeAll } from '#system/files/file-system.ts'
import { abandonedIn, ownPath } from '#system/files/own-path.ts'
import { type Content, type Incoming, type Published, SAVED_MODE, type SaveFolder } from '#system/files/publish.ts'
import { type FileMember, type FolderListing, type LinkMember, listFolder, type ReadAt } from './listing.ts'
import { FolderArchive } from './pack.ts'
import { walk } from './walk.ts'

const PIECE_BYTES = 1024 * 1024
/** Files that are written at once. */
const AT_ONCE = 8
/** For folders that people use: the umask takes away from it. */
const FOLDER_MODE = 0o777
const HIDDEN_MODE = 0o700
const ENDING = 'folder'
const MOST_NAMES = 100

/** Takes the half-built folders of killed processes out of a directory. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const path of await abandonedIn(directory, ENDING))
    if (basename(path).startsWith('.')) await rm(path, { recursive: true, force: true })
}

/** A folder that was built beside the place where it will be, under a hidden name. */
interface ExtractedFolder {
  /** Size and SHA-256 of the archive that it would be sent as. */
  content(): Promise<Content>
  /** Gives it its name. Fails with `EEXIST` where that is taken. */
  publish(path: string): Promise<void>
  /** Takes it away, unless it has its name. */
  remove(): Promise<void>
}

/** A folder that has its name; `already`: it had it before. */
export interface PublishedFolder extends Published {
  /** Files that are not in it, because they changed while they were sent. */
  readonly changed: readonly string[]
  /** Size and SHA-256 of the archive that it would be sent as. */
  readonly content: () => Promise<Content>
}

/** The archive is needed no more from this byte on. */
type LetGo = (from: number) => Promise<void>

/**
 * Builds the folder of a whole archive at this very path, or in a folder under the name `as` (its own) or that with a number. Undefined where the name is taken: nothing is ever replaced, and the same folder is not built
 * twice. Refuses with BAD_FOLDER and HASH_MISMATCH; nothing is left then. `letGo` is used where the disk has no room for archive and folder at once. Throws the system's errors.
 */
export async function unpack(
  read: ReadAt,
  file: Incoming & { readonly name: string },
  target: { readonly path: string } | { readonly folder: SaveFolder; readonly as?: string },
  letGo?: LetGo,
): Promise<PublishedFolder | Rejected | undefined> {
  const listing = await listFolder(read, file.name)
  if ('type' in listing) return listing
  const place =
    'path' in target ? target.path : join(target.folder.path, target.as ?? target.folder.nameFor(file.name, file.id))
  const hidden = `.${cutUtf8(basename(place), MOST_BASE_BYTES)}.${file.id.slice(0, 8)}`
  const tree = await extractFolder(read, listing, join(dirname(place), hidden), letGo)
  if ('type' in tree) return tree
  try {
    let known: Promise<Content> | undefined
    const content = () => {
      known ??= tree.content()
      return known
    }
    // Another program's archive of the same tree has other bytes than ours.
    const isAt = async (path: string) => await folderHolds(path, await content())
    const claim = (path: string) => tree.publish(path)
    const named =
      'folder' in target
        ? await target.folder.publish(basename(place), { ...file, isAt }, claim)
        : await claim(place).then(
            () => ({ path: place, already: false }),
            async (error: unknown) => {
              if (errorCode(error) !== 'EEXIST') throw error
              return (await isAt(place)) ? { path: place, already: true } : undefined
            },
          )
    return named === undefined ? undefined : { ...named, changed: listing.changed, content }
  } finally {
    await tree.remove()
  }
}

/** A hidden name has more behind it. */
const MOST_BASE_BYTES = 180

/**
 * Builds the tree of a checked archive as `<base>.….folder`, a hidden path, in a folder that is made for it. Only new names are created and links come last, so that nothing is ever written through one. Verifies each file that has a
 * digest: HASH_MISMATCH names the one that has others bytes; nothing is left then. First removes the remains of killed processes at `base`. Throws the system's errors.
 */
export async function extractFolder(
  read: ReadAt,
  listing: FolderListing,
  base: string,
  letGo?: LetGo,
): Promise<ExtractedFolder | Rejected> {
  await removeAbandoned(dirname(base))
  const hidden = ownPath(base, ENDING)
  await mkdir(hidden, HIDDEN_MODE)
  try {
    const failed = await build(hidden, read, listing, (await hasRoom(hidden, listing)) ? undefined : letGo)
    if (failed === undefined) return extracted(hidden)
    await rm(hidden, { recursive: true, force: true })
    return failed
  } catch (error) {
    await rm(hidden, { recursive: true, force: true })
    throw error
  }
}

function extracted(hidden: string): ExtractedFolder {
  let at = hidden
  return {
    content: async () => contentOf(new FolderArchive(await walk(at))),
    async publish(path) {
      // A rename would take the place of an empty folder.
      if ((await lstat(path).catch(ignoreMissing)) !== undefined) throw taken(path)
      await chmod(hidden, FOLDER_MODE & ~process.umask())
      await rename(hidden, path).catch((error: unknown) => {
        throw TAKEN.has(errorCode(error) ?? '') ? taken(path) : error
      })
      at = path
    },
    remove: async () => {
      if (at === hidden) await rm(hidden, { recursive: true, force: true })
    },
  }
}

const TAKEN = new Set(['ENOTEMPTY', 'ENOTDIR', 'EEXIST'])

const taken = (path: string): Error => Object.assign(new Error(`${path} exists`), { code: 'EEXIST' })

async function contentOf(archive: FolderArchive): Promise<Content> {
  const hash = createHash('sha256')
  for await (const bytes of archive.read()) hash.update(bytes)
  return { size: archive.size, sha256: hash.digest('hex') }
}

/** Whether a path is a folder that would be sent as this archive. */
export async function folderHolds(path: string, { size, sha256 }: Content): Promise<boolean> {
  if (!(await lstat(path).catch(ignoreMissing))?.isDirectory()) return false
  try {
    const archive = new FolderArchive(await walk(path))
    return archive.size === size && (await contentOf(archive)).sha256 === sha256
  } catch (error) {
    // Unreadable, or gone meanwhile: it counts as another one.
    if (errorCode(error) === undefined) throw error
    return false
  }
}

async function hasRoom(path: string, { files, bytes }: FolderListing): Promise<boolean> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize >= bytes + files * bsize
}

const ILLEGAL_ON_WINDOWS = /[<>:"|?*]/

async function build(
  hidden: string,
  read: ReadAt,
  { members }: FolderListing,
  letGo: LetGo | undefined,
): Promise<Rejected | undefined> {
  const odd = process.platform === 'win32' ? members.find(({ path }) => ILLEGAL_ON_WINDOWS.test(path)) : undefined
  if (odd !== undefined) return rejected('BAD_FOLDER', `${forTerminal(odd.path)}: Windows takes no such name`)
  for (const path of foldersOf(members)) await mkdir(join(hidden, path)).catch(unlessFolder(join(hidden, path)))
  const inOrder = members.filter((member) => member.type === 'file')
  // From the end of the archive, which becomes shorter: so there is room for each file in turn.
  const files = (letGo === undefined ? inOrder : inOrder.toReversed()).values()
  let failed: Rejected | undefined
  let isOver = false
  const work = async () => {
    for (let next = files.next(); !isOver && next.done !== true; next = files.next()) {
      const { value } = next
      const refused = await writeFile(join(hidden, value.path), read, value).catch((error: unknown) => {
        isOver = true
        throw error
      })
      if (refused === undefined) await letGo?.(value.at)
      if (refused === undefined) continue
      isOver = true
      failed = refused
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: letGo === undefined ? AT_ONCE : 1 }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  if (failed !== undefined) return failed
  for (const member of members) if (member.type === 'link') await makeLink(join(hidden, member.path), member)
  // Deepest first, and last of all: each new member changes the folder's time.
  for (const { type, path, modified } of members.toReversed())
    if (type === 'folder') await utimes(join(hidden, path), modified, modified)
  return undefined
}

/** All folders that are there or lie above something, each behind those above it. */
function foldersOf(members: FolderListing['members']): ReadonlySet<string> {
  const folders = new Set<string>()
  for (const { type, path } of members) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
      folders.add(path.slice(0, slash))
    if (type === 'folder') folders.add(path)
  }
  return folders
}

/** Disks that do not tell upper case from lower case make one of two folders. */
const unlessFolder = (path: string) => async (error: unknown) => {
  if (errorCode(error) !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error
}

async function writeFile(path: string, read: ReadAt, member: FileMember): Promise<Rejected | undefined> {
  const { at, size, executable, modified, sha256 } = member
  const mode = executable ? FOLDER_MODE : SAVED_MODE
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants
  const handle = await underFreeName(path, (free) => open(free, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode))
  try {
    const hash = createHash('sha256')
    for (let done = 0; done < size; ) {
      const bytes = await read(at + done, Math.min(PIECE_BYTES, size - done))
      if (bytes.length === 0) return rejected('BAD_FOLDER', `${forTerminal(member.path)}: the archive ends within it`)
      hash.update(bytes)
      await writeAll(handle, bytes, done)
      done += bytes.length
    }
    if (sha256 !== undefined && hash.digest('hex') !== sha256)
      return rejected('HASH_MISMATCH', `${forTerminal(member.path)}: these are not the bytes that its sender read`)
    await handle.utimes(modified, modified)
    return undefined
  } finally {
    await handle.close()
  }
}

async function makeLink(path: string, { target, modified }: LinkMember): Promise<void> {
  try {
    const made = await underFreeName(path, async (free) => {
      await symlink(target, free)
      return free
    })
    await lutimes(made, modified, modified)
  } catch (error) {
    // Windows lets few people make links, and some disks have none: the tree is the same but for them.
    if (!['EPERM', 'ENOSYS', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error
  }
}

/** On a disk that takes two names of the archive for one, the later one gets a number. */
async function underFreeName<T>(path: string, make: (free: string) => Promise<T>): Promise<T> {
  for (let number = 2, free = path; ; free = join(dirname(path), numbered(basename(path), number++)))
    try {
      return await make(free)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || number > MOST_NAMES) throw error
    }
}
