import { closeSync, constants, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { type DiskPath, pathText } from './disk-path.ts'
import { errorCode } from './file-system.ts'

const READ_BYTES = 1024 * 1024
/** Memory for so many lent pieces: one that is read, and three that its reader may still have on their way. */
const LENT_PIECES = 4

/** `lent`: good until three more were taken, so that no memory is made for each; `kept`: as long as its reader likes. */
export type Pieces = 'kept' | 'lent'

/** The path is nothing that can be sent. The message gives cause and remedy, but not the path: the room may see it. */
export class NoSource extends Error {
  readonly code = 'NOT_A_FILE'
}

/**
 * An open local file or pipe to be sent: its content when it was opened, even if the name changes, without bytes appended later, so that
 * a growing log can be sent.
 */
export interface Source {
  /** In bytes. Undefined for sources that can be read only once and tell their size only at the end, like a pipe and a file in `/proc`. */
  readonly size: number | undefined
  /** Fewer than `size` when the file was truncated meanwhile. When `size` is undefined: only once, and from 0. */
  bytes(from?: number, pieces?: Pieces): AsyncIterable<Uint8Array>
  /** Whether it was written to since it was opened. */
  changed(): Promise<boolean>
  close(): Promise<void>
}

/**
 * Opens a file, or a pipe that has a writer. Never waits, neither for a writer nor for a device (C53). A file that fits into one piece of
 * `readBytes` is read at once, so its content is consistent. Throws `NoSource`, and errors of the file system.
 */
export async function openSource(path: DiskPath, readBytes = READ_BYTES): Promise<Source> {
  const found = await stat(path).catch((error) => missing(path, error))
  if (found.isFIFO()) return openPipe(path, readBytes)
  mustBeFile(found)
  const { O_RDONLY, O_NONBLOCK = 0 } = constants
  const handle = await open(path, O_RDONLY | O_NONBLOCK)
  try {
    // The name may stand for something else by now.
    const now = await handle.stat()
    mustBeFile(now)
    if (now.size > readBytes) return fileSource(handle, now, readBytes)
    // Files in /proc have a size of 0, those in /sys a whole page; only reading shows their content.
    const head = await filled(handle, now.size === 0 ? readBytes : now.size)
    if (now.size === 0 && head.length === readBytes) return endless(handle, head, readBytes)
    await handle.close()
    return { size: head.length, bytes: (from = 0) => once(head.subarray(from)), changed: unchanged, close: nothing }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The bytes of an open file from `from` to before `to`, in pieces of `size`; fewer when the file ends earlier. */
export async function* piecesIn(
  handle: FileHandle,
  from: number,
  to: number,
  size: number,
  pieces: Pieces = 'kept',
): AsyncGenerator<Uint8Array> {
  const free: Buffer[] = []
  for (let at = from; at < to; ) {
    const length = Math.min(size, to - at)
    const buffer = (free.length === LENT_PIECES ? free.shift() : undefined) ?? Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await handle.read(buffer, 0, Math.min(length, buffer.length), at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    if (pieces === 'lent') free.push(buffer)
    at += bytesRead
  }
}

/** Reads an open file at random: `length` bytes from a byte on, fewer only where it ends. */
export const readerOf =
  (handle: FileHandle) =>
  async (from: number, length: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await handle.read(buffer, done, length - done, from + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return buffer.subarray(0, done)
  }

function fileSource(handle: FileHandle, { size, mtimeMs }: Stats, readBytes: number): Source {
  return {
    size,
    bytes: (from = 0, pieces) => piecesIn(handle, from, size, readBytes, pieces),
    changed: async () => {
      const now = await handle.stat()
      return now.mtimeMs !== mtimeMs || now.size !== size
    },
    close: () => handle.close(),
  }
}

function endless(handle: FileHandle, head: Buffer, readBytes: number): Source {
  return {
    size: undefined,
    bytes: async function* () {
      yield head
      for (let piece = await filled(handle, readBytes); piece.length > 0; piece = await filled(handle, readBytes))
        yield piece
    },
    changed: unchanged,
    close: () => handle.close(),
  }
}

function openPipe(path: DiskPath, readBytes: number): Source {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const head = begun(fd, readBytes)
  // A named pipe outlives its writers; an unnamed one had a writer, which may have written nothing.
  if (head?.length === 0 && !/^\/(?:dev\/fd|proc)\//.test(pathText(path))) {
    closeSync(fd)
    throw new NoSource('it is a pipe, and nobody writes into it; start its writer first')
  }
  const socket = new Socket({ fd, readable: true, writable: false })
  return {
    size: undefined,
    bytes: async function* () {
      if (head !== undefined) yield head
      if (head?.length !== 0) yield* socket
    },
    changed: unchanged,
    close: async () => void socket.destroy(),
  }
}

/** The bytes in a pipe now: empty without a writer, undefined when its writer has not written yet. */
function begun(fd: number, readBytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(readBytes)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return undefined
    closeSync(fd)
    throw error
  }
}

/** As many bytes as there are, up to `most`. */
async function filled(handle: FileHandle, most: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(most)
  let size = 0
  while (size < most) {
    const { bytesRead } = await handle.read(buffer, size, most - size, null)
    if (bytesRead === 0) break
    size += bytesRead
  }
  return buffer.subarray(0, size)
}

async function missing(path: DiskPath, error: unknown): Promise<never> {
  const isLink = errorCode(error) === 'ENOENT' && (await lstat(path).catch(() => undefined))?.isSymbolicLink()
  throw isLink ? new NoSource('it is a symbolic link that leads nowhere') : error
}

function mustBeFile(found: Stats): void {
  if (found.isFile()) return
  if (found.isDirectory()) throw new NoSource('it is a folder; tamtam send takes whole folders')
  if (found.isSocket()) throw new NoSource('it is a socket; name a file')
  throw new NoSource('it is a device; tamtam send … - sends what is piped into it')
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

const unchanged = async () => false
const nothing = async () => {}
