import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Upload } from 'tus-js-client'
import { answerOf, Receiver, sendBytes } from './body.ts'
import { dial } from './dial.ts'

/** One file between this process and a server. */
export interface Flow {
  readonly port: number
  /** How the server is spoken to: tamtam's HTTP door, a tus server, a server of plain files, or `spool.c` and `spool.ts`. */
  readonly wire: 'tamtam' | 'tus' | 'plain' | 'spool'
  /** Over TLS; for files that go up and down without company. */
  readonly secure: boolean
  readonly bytes: number
  /** Of a relay. */
  readonly receivers: number
  /** What the file consists of. */
  readonly block: Buffer
  /** Called when what is to be measured begins, and when it is over. */
  readonly begin: () => void
  readonly end: () => void
}

const ROOM = '/rooms/bench/files'
const REFUSED = /^HTTP\/1\.1 [345]/m
const BODY = /(?:^HTTP\/1\.1 200 [\s\S]*?\r\n\r\n|(?:^|\n)file\n)/
const FIRST_BYTES = 64 * 1024
/** Receivers from which on not every block is compared: that would be what is measured. */
const MANY = 4

export async function put(flow: Flow): Promise<void> {
  flow.begin()
  await upload(flow)
  flow.end()
}

/** By hand what a tus client does: creation, then all in one PATCH. */
export async function patch(flow: Flow): Promise<void> {
  const { port, bytes, block } = flow
  const address = `http://127.0.0.1:${port}${uploadsOf(flow)}`
  const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(bytes), 'Upload-Metadata': 'filename YmVuY2g=' }
  flow.begin()
  const created = await fetch(address, { method: 'POST', headers })
  if (created.status !== 201) throw new Error(`the server refused: ${created.status} ${await created.text()}`)
  const path = new URL(created.headers.get('location') ?? '', address).pathname
  const more = 'Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n'
  await withSocket(flow, async (socket) => {
    const answered = answerOf(socket, /^HTTP\/1\.1 204/, REFUSED)
    socket.write(headOf('PATCH', path, bytes, more))
    await Promise.race([sendBytes(socket, block, 0, bytes), answered])
    await answered
  })
  flow.end()
}

/** By tus-js-client, from memory. */
export async function tusJs(flow: Flow): Promise<void> {
  const { port, bytes, block } = flow
  const content = Buffer.alloc(bytes, block)
  flow.begin()
  await new Promise((resolve, reject) =>
    new Upload(content, {
      endpoint: `http://127.0.0.1:${port}${uploadsOf(flow)}`,
      metadata: { filename: 'bench.bin' },
      retryDelays: null,
      onSuccess: resolve,
      onError: reject,
    }).start(),
  )
  flow.end()
}

export async function download(flow: Flow): Promise<void> {
  const request = flow.wire === 'spool' ? 'READ\n' : get('/bench.bin')
  // A server of plain files has it already.
  const from = flow.wire === 'plain' ? request : await upload(flow)
  flow.begin()
  await receive(flow, flow.wire === 'tamtam' ? get(from) : request)
  flow.end()
}

/** To all receivers while it comes in; the clock runs once they are there and the first bytes are on their way. */
export async function relay(flow: Flow): Promise<void> {
  const { port, bytes, block, receivers, wire } = flow
  const open = (request: string) =>
    Array.from({ length: receivers }, () => new Receiver(receptionOf(flow, request), block))
  let all = wire === 'spool' ? open('GET\n') : []
  try {
    await Promise.all(all.map(({ ready }) => ready))
    await withSocket(flow, async (socket) => {
      const answered = beginUpload(socket, flow)
      const first = Math.min(FIRST_BYTES, bytes)
      await sendBytes(socket, block, 0, first)
      if (wire !== 'spool') all = open(get(await arriving(port)))
      await Promise.all(all.map(({ ready }) => ready))
      flow.begin()
      await sendBytes(socket, block, first, bytes)
      await answered
      await Promise.all(all.map(({ done }) => done))
      flow.end()
    })
  } finally {
    for (const receiver of all) receiver.end()
  }
}

/** Receives a whole file. */
export async function receive(flow: Flow, request: string): Promise<void> {
  const receiver = new Receiver(receptionOf(flow, request), flow.block)
  await receiver.done.finally(() => receiver.end())
}

/** Puts a file there; answers its path on the host. */
export async function upload(flow: Flow): Promise<string> {
  return withSocket(flow, async (socket) => {
    const answered = beginUpload(socket, flow)
    await sendBytes(socket, flow.block, 0, flow.bytes)
    return /"url":"([^"]+)"/.exec(await answered)?.[1] ?? ''
  })
}

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`

function beginUpload(socket: Socket, { wire, bytes }: Flow): Promise<string> {
  const ours = wire === 'tamtam'
  const answered = answerOf(socket, ours ? /^HTTP\/1\.1 201 [\s\S]*\}/ : /^kept/, REFUSED)
  socket.write(ours ? headOf('PUT', `${ROOM}/bench.bin`, bytes, '') : `PUT ${bytes}\n`)
  return answered
}

const headOf = (method: string, path: string, bytes: number, more: string): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bytes}\r\n${more}\r\n`

const uploadsOf = ({ wire }: Flow): string => (wire === 'tamtam' ? ROOM : '/files')

const receptionOf = ({ port, secure, bytes, receivers }: Flow, request: string) => ({
  port,
  secure,
  request,
  begin: BODY,
  bytes,
  compareEvery: receivers > MANY ? 16 : 1,
})

/** The path of the one file that is on its way. */
async function arriving(port: number): Promise<string> {
  for (;;) {
    const listed = await fetch(`http://127.0.0.1:${port}${ROOM}`)
    const { files } = (await listed.json()) as { files: readonly { status: string; url: string }[] }
    const found = files.find(({ status }) => status === 'arriving')
    if (found !== undefined) return found.url
  }
}

async function withSocket<Result>(to: Flow, use: (socket: Socket) => Promise<Result>): Promise<Result> {
  const socket = dial(to)
  try {
    await once(socket, to.secure ? 'secureConnect' : 'connect')
    return await use(socket)
  } finally {
    socket.destroy()
  }
}
