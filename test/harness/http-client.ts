import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'
import { type HostOptions, type RunningHost, startHost } from './host.ts'
import { News } from './news.ts'
import { assertDeclared } from './openapi.ts'
import { PATIENCE_MS } from './patience.ts'

export const startHttpHost = (options: HostOptions = {}): Promise<RunningHost> => startHost(options)

export interface Asked {
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  /** Sent as the user of HTTP Basic. */
  readonly as?: string
  /** The address to come from. */
  readonly from?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
  readonly text: string
  /** What the text says as JSON. */
  readonly json: unknown
}

/** Asks a host on loopback: `ask(port, 'GET /rooms')`. Each time over a connection of its own. */
export async function ask(port: number, line: string, asked: Asked = {}): Promise<Answer> {
  const response = await begin(port, line, asked)
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  const text = bytes.toString()
  const { statusCode: status = 0, headers } = response
  return {
    status,
    headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text) as unknown
    },
  }
}

/** Lines of an answer that stays open. */
export class OpenAnswer {
  readonly lines: string[] = []
  readonly response: IncomingMessage
  over = false
  #partial = ''
  readonly #news = new News()

  static async of(port: number, line: string, asked: Asked = {}): Promise<OpenAnswer> {
    const answer = new OpenAnswer(await begin(port, line, asked))
    onTestFinished(() => answer.close())
    return answer
  }

  private constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n')
      this.#partial = lines.pop() ?? ''
      this.lines.push(...lines)
      this.#news.wake()
    })
    response.once('close', () => {
      this.over = true
      this.#news.wake()
    })
    response.on('error', () => {})
  }

  /** Each line as the JSON that it is. */
  get events(): readonly Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves once the answer is as wanted; rejects when it ends before. */
  async until(wanted: (answer: OpenAnswer) => boolean): Promise<this> {
    const deadline = performance.now() + PATIENCE_MS
    while (!wanted(this)) {
      const left = deadline - performance.now()
      if (this.over || left <= 0)
        throw new Error(
          `${this.over ? 'it ended' : 'too late'} with ${this.lines.length} lines: ${this.lines.slice(-3)}`,
        )
      await this.#news.next(left)
    }
    return this
  }

  ended(): Promise<this> {
    return this.until(({ over }) => over)
  }

  close(): void {
    this.response.destroy()
  }
}

/** Asks again where, on a busy machine, the request came so late that the host had greeted a silent line client by then (C36). */
async function begin(port: number, line: string, asked: Asked): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++)
    try {
      return await beginOnce(port, line, asked)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'HPE_INVALID_CONSTANT' || tries === TRIES) throw error
    }
}

const TRIES = 5

async function beginOnce(
  port: number,
  line: string,
  { headers = {}, body, as, from }: Asked,
): Promise<IncomingMessage> {
  const [method, path] = line.split(' ', 2)
  const auth = as === undefined ? {} : { Authorization: `Basic ${Buffer.from(`${as}:`).toString('base64')}` }
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { ...length, ...auth, ...headers },
    agent: new Agent({ keepAlive: false }),
    ...(from === undefined ? {} : { localAddress: from }),
  })
  sent.end(body)
  const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [IncomingMessage]
  const { 'tamtam-code': code } = response.headers
  if (typeof code === 'string') assertDeclared(line, response.statusCode ?? 0, code)
  return response
}

/** Says something over HTTP, as text. */
export const sayOverHttp = (port: number, room: string, text: string | Buffer, asked: Asked = {}): Promise<Answer> =>
  ask(port, `POST /rooms/${room}/messages`, {
    ...asked,
    body: text,
    headers: { 'Content-Type': 'text/plain', ...asked.headers },
  })
