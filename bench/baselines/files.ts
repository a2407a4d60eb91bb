// The baselines for files, in Node.   node files.ts copy <path> [sha256] | spool <path>
//   copy:  socket to file to socket, and nothing else; store and forward, as the line protocol does it, with a sync
//   spool: spool.c in Node: `write` to the file is awaited before the receivers get a block, and every receiver before the next read
// `PUT <size>\n<bytes>` is answered with `kept\n`; a client that sent `GET\n` before (`wait\n`) gets `file\n<bytes>`: behind a copy, or
// during a spool. `READ\n` gets `file\n` and the file's bytes.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { BLOCK_BYTES, serve } from './serve.ts'

const [, , mode, path = 'files.part', digest] = process.argv
const file = await open(path, 'w+')
const waiting = new Set<Socket>()

const drained = (socket: Socket): Promise<unknown> | undefined =>
  socket.writableNeedDrain ? new Promise((resolve) => socket.once('drain', resolve)) : undefined

async function readable(socket: Socket): Promise<Buffer> {
  for (;;) {
    const chunk: Buffer | null = socket.read()
    if (chunk !== null) return chunk
    await new Promise((resolve) => socket.once('readable', resolve))
  }
}

async function* bytesOf(socket: Socket, first: Buffer, size: number): AsyncGenerator<Buffer> {
  let left = size - first.length
  if (first.length > 0) yield first
  while (left > 0) {
    const chunk = await readable(socket)
    left -= chunk.length
    yield chunk
  }
}

async function copy(bytes: AsyncIterable<Buffer>): Promise<void> {
  const hash = digest === undefined ? undefined : createHash(digest)
  let pieces: Buffer[] = []
  let length = 0
  let at = 0
  const write = async () => {
    await file.writev(pieces, at)
    at += length
    pieces = []
    length = 0
  }
  for await (const piece of bytes) {
    hash?.update(piece)
    pieces.push(piece)
    length += piece.length
    if (length >= BLOCK_BYTES) await write()
  }
  if (length > 0) await write()
  hash?.digest('hex')
  await file.datasync()
}

async function spool(bytes: AsyncIterable<Buffer>): Promise<void> {
  for (const receiver of waiting) receiver.write('file\n')
  let at = 0
  for await (const piece of bytes) {
    await file.write(piece, 0, piece.length, at)
    at += piece.length
    for (const receiver of waiting) receiver.write(piece)
    await Promise.all([...waiting].map(drained))
  }
}

async function send(receiver: Socket): Promise<void> {
  receiver.write('file\n')
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, at)
    if (bytesRead === 0) break
    at += bytesRead
    receiver.write(buffer.subarray(0, bytesRead))
    await drained(receiver)
  }
}

serve(async (socket) => {
  const head = await readable(socket)
  const end = head.indexOf('\n')
  const [word, size] = head.toString('latin1', 0, end).split(' ')
  if (word === 'PUT') {
    await file.truncate(0)
    await (mode === 'copy' ? copy : spool)(bytesOf(socket, head.subarray(end + 1), Number(size)))
    socket.write('kept\n')
    if (mode === 'copy') await Promise.all([...waiting].map(send))
    waiting.clear()
    return
  }
  socket.resume()
  if (word === 'READ') return send(socket)
  waiting.add(socket)
  socket.write('wait\n')
})
