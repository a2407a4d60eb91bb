// The yardstick for files on their way, in Node: what spool.c does, with the same words. `write` to the file is awaited before the
// receivers get a block, and every receiver before the next one is read.   node spool.ts <file>
import { type FileHandle, open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { BLOCK_BYTES, listen } from './listen.ts'

const [, , path = 'spool.part'] = process.argv
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

async function spool(sender: Socket, file: FileHandle, first: Buffer, size: number): Promise<void> {
  for (const receiver of waiting) receiver.write('file\n')
  await file.truncate(0)
  let at = 0
  for (let bytes = first; ; bytes = await readable(sender)) {
    await file.write(bytes, 0, bytes.length, at)
    at += bytes.length
    for (const receiver of waiting) receiver.write(bytes)
    await Promise.all([...waiting].map(drained))
    if (at >= size) break
  }
  sender.write('kept\n')
  waiting.clear()
}

async function send(receiver: Socket, file: FileHandle): Promise<void> {
  receiver.write('file\n')
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, at)
    if (bytesRead === 0) break
    at += bytesRead
    receiver.write(buffer.subarray(0, bytesRead))
    await drained(receiver)
  }
}

async function serve(socket: Socket): Promise<void> {
  const head = await readable(socket)
  const end = head.indexOf('\n')
  const [word, size] = head.toString('latin1', 0, end).split(' ')
  if (word === 'PUT') return spool(socket, file, head.subarray(end + 1), Number(size))
  socket.resume()
  if (word === 'READ') return send(socket, file)
  waiting.add(socket)
  socket.write('wait\n')
}

listen(serve)
