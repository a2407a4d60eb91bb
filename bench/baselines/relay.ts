// The baseline for fan-out: the least a Node server can do to send each line of one client to all others. No names to
// check, no escaping, no limits, no journal.   node relay.ts each|batch
//   each:  one write for each line and receiver, as most chat servers do
//   batch: one write for each receiver and turn of the event loop; an author gets the slices around its own lines
import { createServer, type Socket } from 'node:net'
import { announce } from './serve.ts'

interface Slice {
  readonly author: Socket
  readonly start: number
  readonly end: number
}

const mode = process.argv[2]
const clients = new Set<Socket>()
let texts: string[] = []
let slices: Slice[] = []
let length = 0

function flush(): void {
  const bytes = Buffer.from(texts.join(''), 'latin1')
  const authors = new Set(slices.map(({ author }) => author))
  for (const client of clients) {
    if (!authors.has(client)) {
      client.write(bytes)
      continue
    }
    client.cork()
    let from = 0
    for (const { author, start, end } of slices) {
      if (author !== client) continue
      if (start > from) client.write(bytes.subarray(from, start))
      from = end
    }
    if (from < bytes.length) client.write(bytes.subarray(from))
    client.uncork()
  }
  texts = []
  slices = []
  length = 0
}

function relay(author: Socket, lines: readonly string[]): void {
  if (mode === 'each') {
    for (const line of lines) {
      const bytes = Buffer.from(`<${author.remoteAddress}> ${line}\n`, 'latin1')
      for (const client of clients) if (client !== author) client.write(bytes)
    }
    return
  }
  if (length === 0) setImmediate(flush)
  const text = lines.map((line) => `<${author.remoteAddress}> ${line}\n`).join('')
  texts.push(text)
  slices.push({ author, start: length, end: length + text.length })
  length += text.length
}

announce(
  createServer({ noDelay: true }, (socket) => {
    let partial = ''
    clients.add(socket)
    socket.on('data', (chunk) => {
      const lines = (partial + chunk.toString('latin1')).split('\n')
      partial = lines.pop() ?? ''
      if (lines.length > 0) relay(socket, lines)
    })
    socket.on('error', () => {})
    socket.once('close', () => clients.delete(socket))
  }),
)
