// The yardstick for files: socket to file to socket, and nothing else. Store and forward, as the line protocol does it.
//   node copy.ts <directory> [sha256]      `PUT <size>\n<bytes>` is answered with `kept\n` once the file is synced;
//                                          whoever said `GET\n` before gets `file\n<bytes>` then
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { BLOCK_BYTES, listen } from './listen.ts'

const [, , directory = '.', digest] = process.argv
const waiting = new Set<Socket>()

async function* bytesOf(socket: Socket, first: Buffer, size: number): AsyncGenerator<Buffer> {
  let left = size - first.length
  if (first.length > 0) yield first
  while (left > 0) {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      await new Promise((resolve) => socket.once('readable', resolve))
      continue
    }
    left -= chunk.length
    yield chunk
  }
}

async function keep(socket: Socket, file: FileHandle, first: Buffer, size: number): Promise<void> {
  const hash = digest === undefined ? undefined : createHash(digest)
  let pieces: Buffer[] = []
  let length = 0
  const write = async () => {
    await file.writev(pieces)
    pieces = []
    length = 0
  }
  for await (const bytes of bytesOf(socket, first, size)) {
    hash?.update(bytes)
    pieces.push(bytes)
    length += bytes.length
    if (length >= BLOCK_BYTES) await write()
  }
  if (length > 0) await write()
  hash?.digest('hex')
  await file.datasync()
}

async function forward(socket: Socket, file: FileHandle, size: number): Promise<void> {
  socket.write('file\n')
  for (let at = 0; at < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, at)
    at += bytesRead
    if (!socket.write(buffer.subarray(0, bytesRead))) await new Promise((resolve) => socket.once('drain', resolve))
  }
}

async function serve(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('readable', resolve))
  const head: Buffer = socket.read() ?? Buffer.alloc(0)
  if (head.toString('latin1', 0, 4) !== 'PUT ') {
    waiting.add(socket)
    socket.write('wait\n')
    socket.resume()
    return
  }
  const end = head.indexOf('\n')
  const size = Number(head.toString('latin1', 4, end))
  const file = await open(join(directory, 'copy.part'), 'w+')
  await keep(socket, file, head.subarray(end + 1), size)
  socket.write('kept\n')
  await Promise.all([...waiting].map((each) => forward(each, file, size)))
  waiting.clear()
  await file.close()
}

listen(serve)
