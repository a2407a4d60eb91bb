// The seed, ported to Node: what one client sends goes to all others as it comes, 2048 bytes at a time; nothing is kept, no digest.
//   node seed.ts serve      node seed.ts send|save <port> <file>
// Its client here loses nothing: the first one drops the whole piece that holds the end mark.
import { once } from 'node:events'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { basename } from 'node:path'
import { announce } from './serve.ts'

const PIECE_BYTES = 2048
const MARK = '//AGUEL//TAMTAM//'

/** Resolves when the system has the bytes, as a blocking send does. */
const send = (socket: Socket, bytes: string | Uint8Array) =>
  new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())))

async function* piecesOf(socket: Socket): AsyncGenerator<Buffer> {
  for await (const chunk of socket as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES)
}

function serve(): void {
  const clients = new Set<Socket>()
  const relay = async (from: Socket) => {
    for await (const bytes of piecesOf(from))
      await Promise.all([...clients].filter((each) => each !== from).map((each) => send(each, bytes)))
  }
  announce(
    createServer((socket) => {
      clients.add(socket)
      socket.on('error', () => {}).once('close', () => clients.delete(socket))
      socket.write('welcome\n')
      relay(socket).catch(() => socket.destroy())
    }),
  )
}

async function sendFile(socket: Socket, path: string): Promise<void> {
  socket.resume()
  await send(socket, `SEND ${basename(path)}\n`)
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(PIECE_BYTES)
  for (let length = readSync(file, bytes); length > 0; length = readSync(file, bytes))
    await send(socket, bytes.subarray(0, length))
  await send(socket, MARK)
  socket.end()
  await once(socket, 'close')
}

/** Prints a line when it is in the room. */
async function saveFile(socket: Socket, path: string): Promise<void> {
  let waiting = Buffer.alloc(0)
  let file: number | undefined
  for await (const piece of piecesOf(socket)) {
    if (waiting.length === 0 && file === undefined) console.log('here')
    waiting = Buffer.concat([waiting, piece])
    if (file === undefined) {
      const head = /(?:^|\n)SEND [^\n]*\n/.exec(waiting.toString('latin1'))
      if (head === null) continue
      file = openSync(path, 'w')
      waiting = waiting.subarray(head.index + head[0].length)
    }
    // What may be the beginning of the mark waits for the next piece.
    const end = waiting.indexOf(MARK)
    const sure = end >= 0 ? end : Math.max(0, waiting.length - MARK.length)
    writeSync(file, waiting, 0, sure)
    waiting = waiting.subarray(sure)
    if (end >= 0) return closeSync(file)
  }
  throw new Error('the file has no end')
}

const [, , act, port, path = ''] = process.argv
if (act === 'serve') serve()
else {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  await (act === 'send' ? sendFile : saveFile)(socket, path)
}
