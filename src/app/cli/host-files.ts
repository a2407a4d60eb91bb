import { lstat, readdir, rm, stat, statfs, unlink } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Folder, WholeFile } from '#domain/room/events.ts'
import { sendWhenReady } from '#domain/session.ts'
import { SourceFailed } from '#domain/transfer/upload.ts'
import { folderHolds, type PublishedFolder, removeAbandoned, unpack } from '#folder/extract.ts'
import { FolderArchive } from '#folder/pack.ts'
import type { Skipped } from '#folder/walk.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import { errorCode, filesFloorOf, freeBytes, ignoreMissing, makeDirectory } from '#system/files/file-system.ts'
import { PartialFile } from '#system/files/partial-file.ts'
import { holds, type Published, SaveFolder } from '#system/files/publish.ts'
import { NoSource, openSource, type Source } from '#system/files/source.ts'
import type { FileTransfers } from '#terminal/ports.ts'
import { pathTyped } from './terminal.ts'

/** The name contains the process that writes it, or none. */
const PART = /^\.[0-9a-f]{32}(?:\.[\w-]+)?\.part$/

export interface FileSaverOptions {
  /** Put before the names of all copies. */
  readonly prefix: string
  /**
   * Copies follow the room's files, for a host without a user: no copy is made if files and copies together would exceed `quotaBytes`
   * (0: no limit) or half of the disk, and an unchanged copy is removed when its file is withdrawn. Left out: copies stay.
   */
  readonly withRoom?: { readonly quotaBytes: number }
}

/**
 * Saves received files in a folder; never overwrites, and never leaves a part under the final name. Each is a copy of its own, so that
 * editing it does not change the room's file.
 */
export class FileSaver {
  readonly #directory: string
  readonly #session: Pick<LocalSession, 'download' | 'files'>
  readonly #withRoom: FileSaverOptions['withRoom']
  readonly #folder: SaveFolder
  /** Files of the room that may have a copy, by id: when a withdrawal is published, the room has already forgotten the file. */
  readonly #copied = new Map<string, WholeFile>()
  #tidied: Promise<void> | undefined
  /** Bytes in the folder, if known. */
  #folderBytes: number | undefined

  constructor(directory: string, session: Pick<LocalSession, 'download' | 'files'>, options: FileSaverOptions) {
    this.#directory = directory
    this.#session = session
    this.#withRoom = options.withRoom
    this.#folder = new SaveFolder(directory, options.prefix)
    if (this.#withRoom !== undefined) for (const file of this.#whole()) this.#copied.set(file.id, file)
  }

  /**
   * The path of the complete, verified copy. Rejects with the system's error, or if the digest differs or there is no space for the
   * copy.
   */
  async save(file: WholeFile): Promise<string> {
    await makeDirectory(this.#directory)
    this.#tidied ??= this.#tidy()
    await this.#tidied
    const wanted = this.#folder.nameFor(file.name, file.id)
    const { folder } = file
    const isAt = (path: string) => isCopy(path, file)
    const already = await this.#folder.find([wanted], { ...file, isAt })
    if (already !== undefined) return this.#saved(file, already)
    await this.#checkPlace(file)
    const part = await PartialFile.open([join(this.#directory, `.${file.id}`)])
    try {
      for await (const bytes of this.#session.download(file.id, part.size, 'lent')) await part.append(bytes)
      if (part.digest() !== file.sha256) throw new Error('these are not the bytes that were sent; they are not kept')
      const published: (Published & Partial<Pick<PublishedFolder, 'content'>>) | Rejected | undefined =
        folder === undefined
          ? await this.#folder.publish(wanted, file, (free) => part.linkTo(free))
          : await unpack(part.read, file, { folder: this.#folder })
      if (published !== undefined && 'type' in published) throw new Error(published.message)
      if (published === undefined) throw new Error(`${this.#directory} takes no further file called ${file.name}`)
      if (this.#folderBytes !== undefined && !published.already) this.#folderBytes += file.size
      // Identifies the copy of a folder, whatever program packed it.
      const content = this.#withRoom === undefined ? undefined : await published.content?.()
      return this.#saved({ ...file, ...content }, published.path)
    } finally {
      await part.remove()
      await part.close()
      await this.#folder.settled()
    }
  }

  /** A file was withdrawn from the room: if copies follow the room's files, its copy is removed, unless it was changed. */
  async withdrawn(id: string): Promise<void> {
    const file = this.#copied.get(id)
    this.#copied.delete(id)
    if (file === undefined) return
    for (const [path, { size }] of await this.#entries(file.name)) {
      if (!(await isCopy(path, file))) continue
      await rm(path, { recursive: file.folder !== undefined, force: true })
      if (this.#folderBytes !== undefined) this.#folderBytes -= size
      return
    }
  }

  #saved(file: WholeFile, path: string): string {
    if (this.#withRoom !== undefined) this.#copied.set(file.id, file)
    return path
  }

  /** A killed process leaves a part behind. */
  async #tidy(): Promise<void> {
    for (const name of await readdir(this.#directory))
      if (PART.test(name)) await unlink(join(this.#directory, name)).catch(ignoreMissing)
    await removeAbandoned(this.#directory)
  }

  #whole(): WholeFile[] {
    return this.#session.files.flatMap((each) => (each.status === 'whole' ? [each.file] : []))
  }

  async #checkPlace({ size, folder }: WholeFile): Promise<void> {
    const fileSystem = await statfs(this.#directory)
    // A folder is unpacked beside its archive.
    const bytes = folder === undefined ? size : 2 * size
    // The room must go on when a copy no longer fits.
    const free = freeBytes(fileSystem) - filesFloorOf(fileSystem)
    if (free < bytes)
      throw new Error(`the disk of ${this.#directory} has no room for a copy; free some, or choose another with --save`)
    if (this.#withRoom === undefined) return
    const quota = this.#withRoom.quotaBytes || Number.POSITIVE_INFINITY
    const inRoom = this.#whole().reduce((sum, file) => sum + file.size, 0)
    // At most half of the disk: no file of the room is removed or refused for the sake of copies.
    const fits = (folder: number) => inRoom + folder + size <= Math.min(quota, (inRoom + folder + free) / 2)
    // Somebody may have removed copies since they were counted.
    if (this.#folderBytes !== undefined && fits(this.#folderBytes)) return
    this.#folderBytes = (await this.#entries('')).reduce((sum, [, { size }]) => sum + size, 0)
    if (fits(this.#folderBytes)) return
    throw new Error(
      'with this copy the room would hold more than its quota, or than half of the disk; --save FOLDER keeps a copy of every file',
    )
  }

  /** Files and folders with names that contain `name` without its ending: a copy may have another prefix. */
  async #entries(name: string): Promise<(readonly [path: string, of: { readonly size: number }])[]> {
    const stem = name.slice(0, name.length - extname(name).length)
    const entries: (readonly [string, { readonly size: number }])[] = []
    for (const each of (await readdir(this.#directory).catch(ignoreMissing)) ?? []) {
      if (!each.includes(stem)) continue
      const path = join(this.#directory, each)
      const stats = await lstat(path).catch(ignoreMissing)
      if (stats?.isFile()) entries.push([path, stats])
      else if (stats?.isDirectory()) entries.push([path, { size: await bytesIn(path) }])
    }
    return entries
  }
}

/** A file or a folder on this machine. */
interface PathSource extends Pick<Source, 'size' | 'close'> {
  readonly folder?: Folder
  bytes(): AsyncIterable<Uint8Array>
  /** Parts of a folder that could not be read. */
  skipped(): readonly Skipped[]
}

/** Whether a path holds the bytes of a sent file, or the tree of a sent folder. */
const isCopy = (path: string, file: WholeFile): Promise<boolean> =>
  (file.folder === undefined ? holds : folderHolds)(path, file)

/** All files of a folder. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const found = entry.isFile() ? await lstat(join(entry.parentPath, entry.name)).catch(ignoreMissing) : undefined
    bytes += found?.size ?? 0
  }
  return bytes
}

/** Opens a local file for sending, or answers the refusal: without the path, which does not concern the room. */
async function sourceAt(path: DiskPath): Promise<PathSource | Rejected> {
  try {
    if ((await stat(path)).isDirectory()) {
      const archive = await FolderArchive.open(path)
      const { size, files, bytes } = archive
      const folder = { files, bytes }
      return { size, folder, bytes: () => told(archive.read()), skipped: () => archive.skipped, close: async () => {} }
    }
    const source = await openSource(path)
    return { size: source.size, bytes: () => told(source.bytes()), skipped: () => [], close: () => source.close() }
  } catch (error) {
    return unreadable(error)
  }
}

async function* told(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    throw new SourceFailed(unreadable(error))
  }
}

/** The refusal for a local path that cannot be sent. */
export const unreadable = (error: unknown): Rejected =>
  error instanceof NoSource
    ? rejected('BAD_NAME', error.message)
    : rejected('NO_SUCH_FILE', `the file can't be read (${errorCode(error) ?? error})`)

/** File transfers of the host's own terminal, within this process: received files are saved one after the other. */
export function hostFileTransfers(session: LocalSession, saver: FileSaver | undefined): FileTransfers {
  const saving = new SerialQueue()
  return {
    early: false,
    autoBytes: saver === undefined ? undefined : Number.POSITIVE_INFINITY,
    async send(typed, to, tell) {
      const path = await pathTypedAs(pathTyped(typed))
      const source = await sourceAt(path)
      if ('type' in source) return source
      const { size, folder } = source
      const meta = {
        name: nameAt(path),
        ...(size === undefined ? {} : { size }),
        ...(to === undefined ? {} : { to }),
        ...(folder === undefined ? {} : { folder }),
      }
      try {
        const upload = session.upload(source.bytes(), meta)
        tell({ type: 'begins', at: 0, total: size })
        upload.progress$.subscribe(({ bytes }) => tell({ type: 'moved', bytes }))
        const done = await upload.done
        return 'type' in done ? done : { ...done, skipped: source.skipped() }
      } catch {
        // The host is told of it, too, and stops.
        return rejected('TRANSFER_CUT', 'the host could not keep the file')
      } finally {
        await source.close()
      }
    },
    receive: ({ id }, tell) =>
      saving.run(async () => {
        if (saver === undefined)
          return rejected('NOT_ALLOWED', 'there is no folder to save it in; name one with --save')
        const file = session.file(id)
        if (file === undefined) return rejected('NO_SUCH_FILE', 'there is no such file any more')
        if (file.status !== 'whole') return rejected('NO_SUCH_FILE', 'it is not whole yet; try again in a moment')
        tell({ type: 'begins', at: 0, total: file.file.size })
        const path = await saver.save(file.file)
        // A refusal does not matter: the file was withdrawn in the meantime, or the host is stopping.
        await sendWhenReady(session, { type: 'receiveFile', file: id })
        return { path }
      }),
    withdrawn: (id) => saving.run(async () => await saver?.withdrawn(id)),
  }
}
