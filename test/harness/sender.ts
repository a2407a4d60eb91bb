import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { PATIENCE_MS } from './patience.ts'

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly json: Record<string, unknown>
}

/** A request whose body is sent by hand, piece by piece: `Sender.open(port, 'PUT /lobby/a', headers)`. */
export class Sender {
  readonly answer: Promise<Answered>
  readonly #request: ClientRequest

  static open(port: number, line: string, headers: Readonly<Record<string, string | number>> = {}): Sender {
    return new Sender(port, line, headers)
  }

  private constructor(port: number, line: string, headers: Readonly<Record<string, string | number>>) {
    const [method, path] = line.split(' ', 2)
    this.#request = request({ host: '127.0.0.1', port, method, path, headers, agent: new Agent() })
    this.answer = once(this.#request, 'response', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(([response]) =>
      answered(response as IncomingMessage),
    )
    // Not everybody who sends waits for an answer.
    this.answer.catch(() => {})
    this.#request.on('error', () => {})
    this.#request.flushHeaders()
    onTestFinished(() => void this.#request.destroy())
  }

  /** Resolves when the host has said "go on". */
  async continued(): Promise<void> {
    await once(this.#request, 'continue', { signal: AbortSignal.timeout(PATIENCE_MS) })
  }

  /** Resolves when the system has taken the bytes. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.#request.write(bytes, (error) => (error ? reject(error) : resolve())))
  }

  end(bytes?: Uint8Array): this {
    this.#request.end(bytes)
    return this
  }

  /** The connection breaks. */
  break(): void {
    this.#request.destroy()
  }
}

async function answered(response: IncomingMessage): Promise<Answered> {
  const body = await text(response)
  const { statusCode: status = 0, headers } = response
  return { status, headers, json: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) }
}
