import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { sha256Of } from './bytes.ts'
import type { SeedNews, SeedOrder } from './seed-client.ts'

// The seed's client, in what it does and in its mistakes: it reads at most 2048 bytes at a time, takes any text with SEND
// in it for the beginning of a file, and drops the whole piece in which the end mark stands.

const RECV_BYTES = 2048
const MARK = '//AGUEL//TAMTAM//'

const { port, directory } = workerData as { port: number; directory: string }
const tell = (news: SeedNews) => parentPort?.postMessage(news)

let saving: { readonly name: string; readonly path: string; readonly file: number } | undefined

function received(length: number, piece: Uint8Array): boolean {
  const bytes = Buffer.from(piece.subarray(0, length))
  if (saving !== undefined) {
    if (!bytes.includes(MARK)) writeSync(saving.file, bytes)
    else saved(saving)
    return true
  }
  const text = bytes.toString()
  const begin = text.indexOf('SEND')
  if (begin < 0) {
    tell({ type: 'printed', text })
    return true
  }
  const [name = ''] = text.slice(begin + 'SEND '.length).split(/\s/)
  const path = join(directory, `terima_${name}`)
  saving = { name, path, file: openSync(path, 'w') }
  return true
}

function saved({ name, path, file }: NonNullable<typeof saving>): void {
  closeSync(file)
  const bytes = readFileSync(path)
  tell({ type: 'saved', name, size: bytes.length, sha256: sha256Of(bytes) })
  saving = undefined
}

const socket = connect({
  port,
  host: '127.0.0.1',
  onread: { buffer: Buffer.alloc(RECV_BYTES), callback: received },
})
await once(socket, 'connect')

// A blocking send returns when the system has the bytes.
const send = (bytes: string | Uint8Array) =>
  new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())))

async function sendFile(name: string, path: string): Promise<void> {
  await send(`SEND ${name}\n`)
  const file = openSync(path, 'r')
  const piece = Buffer.alloc(RECV_BYTES)
  while (true) {
    const length = readSync(file, piece)
    if (length === 0) break
    await send(Buffer.from(piece.subarray(0, length)))
  }
  closeSync(file)
  await send(MARK)
  tell({ type: 'sent', name })
}

let orders = Promise.resolve()
parentPort?.on('message', (order: SeedOrder) => {
  orders = orders.then(async () => {
    if (order.type === 'say') await send(`${order.line}\n`)
    else if (order.type === 'send') await sendFile(order.name, order.path)
    else socket.end()
  })
})
tell({ type: 'connected' })
