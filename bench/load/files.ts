import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Upload } from 'tus-js-client'
import { answerOf, dial, Receiver, sendBytes, someBytes } from './body.ts'
import { Meter, residentBytes, type Usage, withPeak } from './measure.ts'

/** One file between this process and a server. */
export interface Flow {
  readonly port: number
  /** The server's protocol: tamtam's HTTP, tus, plain HTTP, or that of `spool.c` and `files.ts`. */
  readonly wire: 'tamtam' | 'tus' | 'plain' | 'spool'
  /** Over TLS; only without receivers. */
  readonly secure: boolean
  readonly bytes: number
  /** Of a relay. */
  readonly receivers: number
  /** The content of the file. */
  readonly block: Buffer
  /** Called when the measured part begins, and when it is over. */
  readonly begin: () => void
  readonly end: () => void
}

const ROOM = '/rooms/bench/files'
const REFUSED = /^HTTP\/1\.1 [345]/m
const BODY = /(?:^HTTP\/1\.1 200 [\s\S]*?\r\n\r\n|(?:^|\n)file\n)/
const FIRST_BYTES = 64 * 1024
/** Receivers from which on not every block is compared: comparing would dominate the figure. */
const MANY = 4

async function put(flow: Flow): Promise<void> {
  flow.begin()
  await upload(flow)
  flow.end()
}

/** The requests of a tus client, by hand: creation, then all in one PATCH. */
async function patch(flow: Flow): Promise<void> {
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
async function tusJs(flow: Flow): Promise<void> {
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

async function download(flow: Flow): Promise<void> {
  const request = flow.wire === 'spool' ? 'READ\n' : get('/bench.bin')
  // A server of plain files has it already.
  const from = flow.wire === 'plain' ? request : await upload(flow)
  flow.begin()
  await receive(flow, flow.wire === 'tamtam' ? get(from) : request)
  flow.end()
}

/** To all receivers while it comes in; the clock runs once they are there and the first bytes are on their way. */
async function relay(flow: Flow): Promise<void> {
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
async function receive(flow: Flow, request: string): Promise<void> {
  const receiver = new Receiver(receptionOf(flow, request), flow.block)
  await receiver.done.finally(() => receiver.end())
}

/** Puts a file there; answers its path on the host. */
async function upload(flow: Flow): Promise<string> {
  return withSocket(flow, async (socket) => {
    const answered = beginUpload(socket, flow)
    await sendBytes(socket, flow.block, 0, flow.bytes)
    return /"url":"([^"]+)"/.exec(await answered)?.[1] ?? ''
  })
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`

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

export type FlowKind = 'put' | 'patch' | 'tusJs' | 'download' | 'relay'

export interface FlowLoad extends Pick<Flow, 'port' | 'wire' | 'bytes' | 'receivers' | 'secure'> {
  /** The server's process, for its processor time and memory. */
  readonly pid: number
  readonly kind: FlowKind
  /** A first file, which brings the server's code and heap to their working state. */
  readonly warmUpBytes: number
}

export interface FlowResult {
  readonly megabytesPerSecond: number
  /** Processor seconds that the server took for a gigabyte, all its threads together; undefined where there is no /proc. */
  readonly cpuSeconds: number | undefined
  readonly growthBytes: number
  /** Share of one processor that the client used: near 1, it was the limit. */
  readonly clientShare: number
}

const KINDS: Readonly<Record<FlowKind, (flow: Flow) => Promise<void>>> = { put, patch, tusJs, download, relay }

/** One file, after a shorter one: the rate from its first byte until all receivers have it. */
export async function runFlow({ pid, kind, warmUpBytes, ...load }: FlowLoad): Promise<FlowResult> {
  const block = someBytes()
  const ignore = () => {}
  await KINDS[kind]({
    ...load,
    bytes: load.wire === 'plain' ? load.bytes : warmUpBytes,
    block,
    begin: ignore,
    end: ignore,
  })
  const before = residentBytes(pid)
  let meter: Meter | undefined
  let usage: Usage | undefined
  const measured = {
    begin: () => {
      meter = new Meter(pid)
    },
    end: () => {
      usage = meter?.read()
    },
  }
  const [, peak] = await withPeak(pid, () => KINDS[kind]({ ...load, block, ...measured }))
  if (usage === undefined) throw new Error('nothing was measured')
  const { seconds, serverSeconds, ownShare } = usage
  return {
    megabytesPerSecond: load.bytes / 1e6 / seconds,
    cpuSeconds: serverSeconds === undefined ? undefined : (serverSeconds / load.bytes) * 1e9,
    growthBytes: peak - before,
    clientShare: ownShare,
  }
}

export interface FloodLoad {
  readonly port: number
  readonly uploads: number
  readonly downloads: number
  /** Of each file. */
  readonly bytes: number
}

/** Uploads and downloads over HTTP, again and again, at full speed. */
export class Flood {
  readonly #load: FloodLoad
  readonly #flow: Flow
  #status: 'running' | 'ending' = 'running'
  #streams: Promise<void>[] = []
  #moved = 0
  #began = 0

  constructor(load: FloodLoad) {
    this.#load = load
    const { port, bytes } = load
    const unused = { secure: false, receivers: 0, begin: () => {}, end: () => {} }
    this.#flow = { port, bytes, wire: 'tamtam', block: someBytes(), ...unused }
  }

  /** Resolves when all of it runs. */
  async begin(): Promise<void> {
    const { uploads, downloads } = this.#load
    const path = await upload(this.#flow)
    this.#began = performance.now()
    for (let count = 0; count < uploads; count++) this.#stream(() => upload(this.#flow))
    for (let count = 0; count < downloads; count++) this.#stream(() => receive(this.#flow, get(path)))
  }

  /** Answers the megabytes a second. */
  async end(): Promise<number> {
    this.#status = 'ending'
    await Promise.all(this.#streams)
    return this.#moved / 1000 / (performance.now() - this.#began)
  }

  #stream(move: () => Promise<unknown>): void {
    const streaming = async () => {
      while (this.#status === 'running') {
        await move()
        this.#moved += this.#load.bytes
      }
    }
    const stream = streaming()
    stream.catch(() => {})
    this.#streams.push(stream)
  }
}

export interface TransferLoad {
  readonly port: number
  readonly bytes: number
  /** Whether another member of the room receives the file. */
  readonly received: boolean
  /** `tamtam`: the line protocol. `copy`: the raw copy baseline's. */
  readonly server: 'tamtam' | 'copy'
}

export interface TransferResult {
  /** From the first byte sent to the server's answer that it has the file. */
  readonly uploadMs: number
  /** From the first byte sent to the last one received; undefined without a receiver. */
  readonly relayMs: number | undefined
}

/** One file up, and down again to one receiver, every byte compared. */
export async function runTransfer({ port, bytes, received, server }: TransferLoad): Promise<TransferResult> {
  const block = someBytes()
  const ours = server === 'tamtam'
  const begin = ours ? /(?:^|\n)SEND bench\.bin\n/ : /(?:^|\n)file\n/
  const reception = { port, secure: false, request: ours ? '/files inline\n' : 'GET\n', begin, bytes, compareEvery: 1 }
  const sender = dial({ port, secure: false })
  const receiver = received ? new Receiver(reception, block) : undefined
  try {
    await once(sender, 'connect')
    await receiver?.ready
    const started = performance.now()
    const answered = answerOf(sender, ours ? / is in the room/ : /kept/, /^!/m)
    sender.write(ours ? `/put ${bytes} bench.bin\n` : `PUT ${bytes}\n`)
    await sendBytes(sender, block, 0, bytes)
    await answered
    const uploadMs = performance.now() - started
    await receiver?.done
    return { uploadMs, relayMs: receiver === undefined ? undefined : performance.now() - started }
  } finally {
    sender.destroy()
    receiver?.end()
  }
}
