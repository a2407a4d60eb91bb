// The baseline for files, in Node: the least an HTTP server can do with a file that others receive while it arrives. No digest, no sync.
//   node spool.ts <file> <receivers>
// PUT is taken once so many GET have come: `write` to the file is awaited before they get a block, and all of them before the next
// read. A later GET gets the file.
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { announce, BLOCK_BYTES } from './serve.ts'

const [, , path = 'spool.part', wanted = '0'] = process.argv
const file = await open(path, 'w+')
const receivers = new Set<ServerResponse>()
const complete = Promise.withResolvers<void>()
if (wanted === '0') complete.resolve()
let isKept = false

async function take(request: IncomingMessage): Promise<void> {
  await complete.promise
  await file.truncate(0)
  let at = 0
  for await (const piece of request) {
    await file.write(piece, 0, piece.length, at)
    at += piece.length
    const full = [...receivers].filter((receiver) => !receiver.write(piece))
    await Promise.all(full.map((receiver) => once(receiver, 'drain')))
  }
  for (const receiver of receivers) receiver.end()
  isKept = true
}

announce(
  createServer({ highWaterMark: BLOCK_BYTES, noDelay: true }, async (request, response) => {
    if (request.method === 'PUT') {
      await take(request)
      response.writeHead(201).end()
    } else if (isKept || receivers.size === Number(wanted)) {
      createReadStream(path, { highWaterMark: BLOCK_BYTES }).pipe(response)
    } else {
      response.flushHeaders()
      receivers.add(response)
      if (receivers.size === Number(wanted)) complete.resolve()
    }
  }),
)
