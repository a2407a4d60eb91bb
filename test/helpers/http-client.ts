import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'

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
    })
    response.once('close', () => {
      this.over = true
    })
    response.on('error', () => {})
  }

  /** Each line as the JSON that it is. */
  get events(): readonly Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves with `read` once so many lines are there, or it is over. */
  async until(done: (answer: OpenAnswer) => boolean, deadlineMs = 20_000): Promise<this> {
    const late = AbortSignal.timeout(deadlineMs)
    while (!done(this)) {
      if (this.over)
        throw new Error(`the answer ended with ${this.lines.length} lines: ${this.lines.slice(-3).join(' | ')}`)
      await Promise.race([
        once(this.response, 'data', { signal: late }),
        once(this.response, 'close', { signal: late }),
      ])
    }
    return this
  }

  async ended(): Promise<void> {
    if (!this.over) await once(this.response, 'close', { signal: AbortSignal.timeout(20_000) })
  }

  close(): void {
    this.response.destroy()
  }
}

async function begin(port: number, line: string, { headers = {}, body, as, from }: Asked): Promise<IncomingMessage> {
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
  const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(20_000) })) as [IncomingMessage]
  return response
}

/** Says something over HTTP, as text. */
export const sayOverHttp = (port: number, room: string, text: string | Buffer, asked: Asked = {}): Promise<Answer> =>
  ask(port, `POST /rooms/${room}/messages`, {
    ...asked,
    body: text,
    headers: { 'Content-Type': 'text/plain', ...asked.headers },
  })
