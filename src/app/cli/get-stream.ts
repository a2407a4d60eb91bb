import { createHash } from 'node:crypto'
import { constants, openSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { DownloadError, downloadStream } from '#client/download-stream.ts'
import { giveReceipt } from '#client/downloader.ts'
import { isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { paced, type TransferOptions } from '#client/transfers.ts'
import { fileStatus } from '#client/tus.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { errorCode, ignoreMissing } from '#system/files/file-system.ts'

/** Where a file is written to as it comes, and nothing else is. */
export interface ByteStream {
  /** Undefined for standard output. */
  readonly path?: string
  /** Rejects where nobody reads it any more. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Other names of what goes out by itself: opened anew, it would be written from its beginning. */
const OUTPUT = ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']
const LOOK_MS = 100

/** Opens a pipe, a terminal or another device; undefined where the path is, or will be, that of a file. Waits for whoever reads a pipe. */
export async function openStream(path: string): Promise<ByteStream | undefined> {
  if (OUTPUT.includes(path)) return { ...writing(process.stdout), close: async () => {} }
  const found = await stat(path).catch(ignoreMissing)
  if (found?.isFIFO()) {
    const socket = new Socket({ fd: await pipeFor(path), readable: false, writable: true })
    // Whoever writes hears of it.
    socket.on('error', () => {})
    return { path, ...writing(socket), close: () => new Promise((resolve) => socket.end(() => resolve())) }
  }
  // A file that is open already has no name to be given here.
  if (!found?.isCharacterDevice() && !/^\/(?:dev|proc\/self)\/fd\//.test(path) && path !== '/dev/stderr')
    return undefined
  const file = await open(path, constants.O_WRONLY)
  return { path, write: (bytes) => file.writeFile(bytes), close: () => file.close() }
}

/** Opened without waiting in the system, from where nobody could interrupt it. */
async function pipeFor(path: string): Promise<number> {
  while (true)
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (errorCode(error) !== 'ENXIO') throw error
      await setTimeout(LOOK_MS)
    }
}

const writing = (stream: Writable): Pick<ByteStream, 'write'> => ({
  write: (bytes) =>
    new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve()))),
})

/** Writes a file as it comes. Whether it was right is known at its end only. */
export async function streamFile(
  options: TransferOptions,
  { id, name }: { readonly id: string; readonly name: string },
  { path, write }: ByteStream,
): Promise<(WholeFile & { readonly path?: string }) | Refusal> {
  const { api, retries, limit } = options
  const hash = createHash('sha256')
  let size = 0
  while (true) {
    try {
      for await (const bytes of paced(downloadStream(options, id, size), limit)) {
        hash.update(bytes)
        size += bytes.length
        await write(bytes)
      }
    } catch (error) {
      if (error instanceof DownloadError) return error.refusal
      throw error
    }
    const now = await retries.until(() => fileStatus(api, id))
    if (isRefusal(now)) return now
    if (now.status !== 'whole') {
      await retries.again('the file is not whole yet')
      continue
    }
    const sha256 = hash.digest('hex')
    if (sha256 !== now.sha256) return refusal(0, 'HASH_MISMATCH', 'what was written is not what was sent')
    await giveReceipt(options, id, sha256)
    return { id, name, size, sha256, ...(path === undefined ? {} : { path }) }
  }
}
