import { closeSync, constants, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { type DiskPath, pathText } from './disk-path.ts'
import { errorCode } from './error-code.ts'

const READ_BYTES = 1024 * 1024

/** What is at a path can't be sent. The message names the cause and the remedy, and not the path: the room may hear of it. */
export class NoSource extends Error {
  readonly code = 'NOT_A_FILE'
}

/**
 * Something of this machine's that is open to be sent: what it was when it was opened, whatever becomes of its name, and not what was added
 * later, so that a log goes that is written to.
 */
export interface Source {
  /** In bytes. Undefined for what can be read once and only then ends, like a pipe and a file in `/proc`. */
  readonly size: number | undefined
  /** Fewer than there should be where somebody has cut it off meanwhile. Where `size` is undefined, `from` is 0, and once. */
  bytes(from?: number): AsyncIterable<Uint8Array>
  /** Whether somebody has written to it since it was opened. */
  changed(): Promise<boolean>
  close(): Promise<void>
}

/**
 * Opens a file, or a pipe into which somebody writes. Never waits: not for a writer, and not for a device (C53). What fits into one piece of
 * `readBytes` is read at once, so it is one moment's content. Throws `NoSource`, and what the file system throws.
 */
export async function openSource(path: DiskPath, readBytes = READ_BYTES): Promise<Source> {
  const found = await stat(path).catch((error) => missing(path, error))
  if (found.isFIFO()) return openPipe(path, readBytes)
  mustBeFile(found)
  const { O_RDONLY, O_NONBLOCK = 0 } = constants
  const handle = await open(path, O_RDONLY | O_NONBLOCK)
  try {
    // Another thing may have its name by now.
    const now = await handle.stat()
    mustBeFile(now)
    if (now.size > readBytes) return fileSource(handle, now, readBytes)
    // The files in /proc have a size of 0, those in /sys a whole page, and both say only while they are read what is in them.
    const head = await filled(handle, now.size === 0 ? readBytes : now.size)
    if (now.size === 0 && head.length === readBytes) return endless(handle, head, readBytes)
    await handle.close()
    return { size: head.length, bytes: (from = 0) => once(head.subarray(from)), changed: unchanged, close: nothing }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The bytes of an open file from `from` to before `to`, in pieces of `size`; fewer where the file ends earlier. */
export async function* piecesIn(
  handle: FileHandle,
  from: number,
  to: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, to - at))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

function fileSource(handle: FileHandle, { size, mtimeMs }: Stats, readBytes: number): Source {
  return {
    size,
    bytes: (from = 0) => piecesIn(handle, from, size, readBytes),
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
  // A pipe with a name stays when its writers are gone; one without had one, who may have had nothing to say.
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

/** What is in a pipe already; nothing where nobody writes into it, undefined where it has a writer who has not written yet. */
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
