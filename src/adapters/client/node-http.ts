import { setMaxListeners } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Http, HttpAnswer, HttpRequest } from './api-client.ts'
import type { Endpoint, Reading } from './endpoint.ts'
import { Disconnected, errorText, NotTrusted, Unreachable } from './errors.ts'

/** Number of failed connections before the first answer after which a host counts as unreachable. */
const MOST_FAILURES = 5
const MOST_BODY_BYTES = 16 * 1024 * 1024
/** From this length on, a body is read without Node's parser. */
const LONG_BODY_BYTES = 256 * 1024
/** Small enough for a slow connection to show progress; once much was sent quickly, larger slices cost less. */
const LEAST_SLICE_BYTES = 64 * 1024
const MOST_SLICE_BYTES = 1024 * 1024
/** Bytes that may wait for the connection while the next piece is read. */
const BUFFERED_BYTES = 1024 * 1024

/** Node's HTTP to one host: a connection for each request, none of which may stall for `idleMs`. */
export class NodeHttp implements Http {
  readonly at: string
  readonly base: string
  readonly #endpoint: Endpoint
  readonly #idleMs: number
  readonly #agent: EndpointAgent
  /** The host has answered before, so it is worth trying again. */
  #met: boolean
  #failures = 0

  constructor(endpoint: Endpoint, { idleMs }: { readonly idleMs: number }, met = false) {
    this.at = endpoint.at
    this.base = endpoint.base
    this.#endpoint = endpoint
    this.#idleMs = idleMs
    this.#agent = new EndpointAgent(endpoint, 'large')
    this.#met = met
  }

  async request(path: string, wanted: HttpRequest): Promise<HttpAnswer> {
    const { host, port, basePath } = this.#endpoint
    const { method = 'GET', body, length = typeof body === 'string' ? Buffer.byteLength(body) : undefined } = wanted
    const headers = { ...wanted.headers, ...(length === undefined ? {} : { 'Content-Length': length }) }
    const request = requestHttp({ host, port, method, path: basePath + path, headers, agent: this.#agent })
    let connected = false
    request.once('socket', () => {
      connected = true
    })
    try {
      const answer = await this.#answerTo(request, wanted)
      this.#met = true
      return new NodeAnswer(answer, this.#idleMs)
    } catch (error) {
      request.destroy()
      if (!(error instanceof Disconnected) || this.#met) throw error
      // Something listens there, and may just be starting or stopping.
      if (connected && ++this.#failures < MOST_FAILURES) throw error
      throw new Unreachable(`nobody answers at ${this.at} (${error.message})`, { cause: error })
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #answerTo(request: ClientRequest, { body, signal, moved, alive }: HttpRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const expire = async () => {
      const goesOn = await alive?.().catch(() => false)
      if (goesOn === true) timer.refresh()
      else request.destroy(new Error(standsStill(this.#idleMs)))
    }
    const timer = setTimeout(() => void expire(), this.#idleMs)
    const abort = () => reject(signal?.reason)
    signal?.addEventListener('abort', abort)
    request.once('response', resolve)
    request.on('error', (error) => {
      reject(error instanceof NotTrusted ? error : new Disconnected(errorText(error), { cause: error }))
    })
    request.once('close', () => reject(new Disconnected('the connection was closed')))
    if (signal?.aborted === true) abort()
    if (body === undefined || typeof body === 'string') request.end(body)
    else {
      let sent = 0
      const left = (bytes: number) => {
        timer.refresh()
        sent += bytes
        moved?.(sent)
      }
      // A host takes a silent connection for netcat, and the first piece of a large file may take a while.
      request.flushHeaders()
      // A host may answer before it has taken everything; an error of the file system must not be lost.
      pipeBody(body instanceof Blob ? body.stream() : body, request, left).then(() => request.end(), reject)
    }
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

class NodeAnswer implements HttpAnswer {
  readonly #message: IncomingMessage
  readonly #idleMs: number

  constructor(message: IncomingMessage, idleMs: number) {
    this.#message = message
    this.#idleMs = idleMs
  }

  get status(): number {
    return this.#message.statusCode ?? 0
  }

  get statusText(): string {
    return this.#message.statusMessage ?? ''
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of this.chunks()) {
      bytes += chunk.length
      if (bytes > MOST_BODY_BYTES) throw new Disconnected('the answer is too long')
      chunks.push(Buffer.from(chunk))
    }
    return Buffer.concat(chunks)
  }

  /** The time runs only while a chunk is awaited. */
  async *chunks(idleMs = this.#idleMs): AsyncGenerator<Uint8Array> {
    const message = this.#message
    const expire = () => message.destroy(new Error(standsStill(idleMs)))
    const iterator = this.#bytes()
    try {
      while (true) {
        const timer = setTimeout(expire, idleMs)
        const next = await iterator.next().finally(() => clearTimeout(timer))
        if (next.done === true) return
        yield next.value
      }
    } catch (error) {
      throw error instanceof Disconnected ? error : new Disconnected(errorText(error), { cause: error })
    } finally {
      message.destroy()
    }
  }

  /** Node's parser copies each piece of a body into new memory, so a long body of known length bypasses it. */
  async *#bytes(): AsyncGenerator<Uint8Array> {
    const message = this.#message
    const length = message.headers['transfer-encoding'] === undefined ? Number(message.headers['content-length']) : 0
    if (!(length >= LONG_BODY_BYTES)) yield* message
    else {
      const socket = new SocketBytes(message)
      let left = length
      // Bytes that the parser has taken already.
      for (let bytes = message.read(); bytes !== null; bytes = message.read()) {
        left -= bytes.length
        yield bytes
      }
      while (left > 0) {
        const bytes = (await socket.next()).subarray(0, left)
        left -= bytes.length
        yield bytes
      }
      return
    }
    if (!message.complete) throw new Disconnected('the connection was cut')
  }

  drop(): void {
    this.#message.destroy()
  }
}

/** The bytes that arrive on the connection of an answer, pulled; its parser gets no more of them. */
class SocketBytes {
  readonly #socket: Socket
  readonly #waiting: Uint8Array[] = []
  #end: Error | undefined
  #wake = () => {}

  constructor(message: IncomingMessage) {
    this.#socket = message.socket
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', (bytes: Buffer) => {
      this.#waiting.push(bytes)
      this.#socket.pause()
      this.#wake()
    })
    const end = (error: Error) => {
      this.#end ??= error
      this.#wake()
    }
    message.once('error', end)
    message.once('close', () => end(new Disconnected('the connection was cut')))
    this.#socket.once('end', () => end(new Disconnected('the connection was cut')))
  }

  /** Throws after the last. */
  async next(): Promise<Uint8Array> {
    while (true) {
      const bytes = this.#waiting.shift()
      if (bytes !== undefined) return bytes
      if (this.#end !== undefined) throw this.#end
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.#socket.resume()
      await promise
    }
  }
}

const standsStill = (idleMs: number): string => `nothing moved for ${Math.round(idleMs / 1000)} s`

/**
 * Writes all pieces, no faster than they are sent: when the next is requested, only the newest may still be on its way. Stops when the
 * request has ended; throws the source's errors.
 */
async function pipeBody(
  pieces: AsyncIterable<Uint8Array>,
  to: ClientRequest,
  moved: (bytes: number) => void,
): Promise<void> {
  const began = performance.now()
  let waiting = 0
  let gone = 0
  let wake = () => {}
  const left = (bytes: number) => (error?: Error | null) => {
    waiting -= bytes
    gone += bytes
    if (!error) moved(bytes)
    wake()
  }
  const sliceBytes = () => {
    const inQuarterSecond = gone / (4 * Math.max(0.25, (performance.now() - began) / 1000))
    return Math.max(LEAST_SLICE_BYTES, Math.min(gone / 16, inQuarterSecond, MOST_SLICE_BYTES)) & -LEAST_SLICE_BYTES
  }
  to.once('close', () => wake())
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      if (to.destroyed) return
      const slice = piece.subarray(at, at + sliceBytes())
      at += slice.length
      waiting += slice.length
      to.write(slice, left(slice.length))
    }
    while (waiting > Math.min(piece.length, BUFFERED_BYTES) && !to.destroyed)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    if (to.destroyed) return
  }
}

type Connected = (error: Error | null, connection: Duplex) => void

/** Opens the connections of requests and WebSockets. */
export class EndpointAgent extends Agent {
  readonly #endpoint: Endpoint
  readonly #reading: Reading | undefined
  readonly #closing = new AbortController()

  constructor(endpoint: Endpoint, reading?: Reading) {
    super({ keepAlive: false })
    setMaxListeners(0, this.#closing.signal)
    this.#endpoint = endpoint
    this.#reading = reading
  }

  override createConnection(_options: object, connected?: Connected): undefined {
    const failed = connected as ((error: Error) => void) | undefined
    const opening = this.#endpoint.open(this.#closing.signal, this.#reading)
    opening.then((connection) => connected?.(null, connection), failed)
  }

  override destroy(): void {
    this.#closing.abort()
    super.destroy()
  }
}
