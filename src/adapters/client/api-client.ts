import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { parsed, refusal as refusalBody } from '#protocol/schema.ts'
import { ConnectAgent, type Endpoint } from './endpoint.ts'
import { errorText } from './error-text.ts'
import { Disconnected, NotTrusted, type Refusal, refusal, Unreachable } from './errors.ts'
import { pipeBody } from './pipe-body.ts'
import type { ClientSettings } from './settings.ts'

export interface HostPlace {
  readonly way: Endpoint
  readonly name?: string
  /** Goes with every request, and into no message (C121). */
  readonly token?: string
  /** Of the room, likewise. */
  readonly password?: string
  /** The key of a session, while that has a place: what is asked is then done by its member. Into no message either. */
  readonly key?: () => string | undefined
}

export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  /** Pulled no faster than the host takes it; with a string or bytes, `Content-Length` is filled in. */
  readonly body?: string | AsyncIterable<Uint8Array>
  /** Hears of each part of the body that left this process, in bytes. */
  moved?(bytes: number): void
  /** Asked before a connection that stands still is dropped: whether the host got further. */
  alive?(): Promise<boolean>
  /** Instead of `idleMs`. */
  readonly silentMs?: number
}

/** So often may a connection fail before anybody answered at all. */
const MOST_FAILURES = 5
const MOST_TEXT_BYTES = 16 * 1024 * 1024

/** One host over HTTP: a connection for each request, none of which may stand still. */
export class ApiClient {
  readonly place: HostPlace
  readonly settings: ClientSettings
  readonly #agent: ConnectAgent
  #met: boolean
  #failures = 0
  /** What opens a file by itself, of those that were sent over this link, by their ids. */
  readonly #signedLinks = new Map<string, string>()

  /** `met`: somebody has answered there before, so it is worth trying again. */
  constructor(place: HostPlace, settings: ClientSettings, met = false) {
    this.place = place
    this.#agent = new ConnectAgent(place.way)
    this.#met = met
    this.settings = settings
  }

  /** `host:port` as a person writes it. */
  get label(): string {
    return this.place.way.at
  }

  /** Where a file is, or something `below` it. */
  filePath(id: string, below = ''): string {
    const ticket = this.#signedLinks.get(id)
    return `/files/${encodeURIComponent(id)}${below}${ticket === undefined ? '' : `?ticket=${ticket}`}`
  }

  /** Whether it is to be had by its address alone. */
  isOwn(id: string): boolean {
    return this.#signedLinks.has(id)
  }

  /** Remembers the address that the host has given to a new file, and answers its id. */
  idAt(location = ''): string | undefined {
    const [, id, ticket] = /\/files\/([\w-]{1,64})(?:\?ticket=([\w-]+))?$/.exec(location) ?? []
    if (id === undefined) return undefined
    if (ticket !== undefined) this.opensBy(id, ticket)
    return id
  }

  /** Remembers what opens a file by itself. */
  opensBy(id: string, ticket: string): void {
    this.#signedLinks.set(id, ticket)
  }

  /** The head of the answer; its body is to be read, or destroyed. Throws `Disconnected`, and `Unreachable` where nobody ever answered. */
  async ask(ask: Ask): Promise<IncomingMessage> {
    const { host, port } = this.place.way
    const length = typeof ask.body === 'string' ? { 'Content-Length': Buffer.byteLength(ask.body) } : {}
    const headers = { ...authorization(this.place), ...length, ...ask.headers }
    const asked = request({ host, port, method: ask.method, path: ask.path, headers, agent: this.#agent })
    let connected = false
    asked.once('socket', () => {
      connected = true
    })
    try {
      const answer = await this.#answerTo(asked, ask)
      this.#met = true
      return answer
    } catch (error) {
      asked.destroy()
      if (!(error instanceof Disconnected) || this.#met) throw error
      // Somebody is there, and may only be about to start or to stop.
      if (connected && ++this.#failures < MOST_FAILURES) throw error
      throw new Unreachable(`nobody answers at ${this.label} (${error.message})`, { cause: error })
    }
  }

  /** The answer's body as JSON, or why there is none. */
  async json(ask: Ask): Promise<{ readonly value: unknown } | Refusal> {
    const answer = await this.ask(ask)
    if (!isGood(answer)) return await refusalOf(answer)
    const value = jsonIn(await textOf(answer, this.settings.idleMs))
    return value === undefined ? notTamtam : { value }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #answerTo(asked: ClientRequest, ask: Ask): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const silentMs = ask.silentMs ?? this.settings.idleMs
    const expire = async () => {
      const alive = await ask.alive?.().catch(() => false)
      if (alive === true) timer.refresh()
      else asked.destroy(new Error(`nothing moved for ${Math.round(silentMs / 1000)} s`))
    }
    const timer = setTimeout(() => void expire(), silentMs)
    asked.once('response', resolve)
    asked.on('error', (error) => {
      reject(error instanceof NotTrusted ? error : new Disconnected(errorText(error), { cause: error }))
    })
    asked.once('close', () => reject(new Disconnected('the connection was closed')))
    const { body } = ask
    if (body === undefined || typeof body === 'string') asked.end(body)
    else {
      const moved = (bytes: number) => {
        timer.refresh()
        ask.moved?.(bytes)
      }
      // A host may answer before it has taken all; what the file system says must not be lost.
      pipeBody(body, asked, moved).then(
        () => asked.end(),
        (error) => reject(error),
      )
    }
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }
}

export const isGood = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300

/** What an answer that is not good says. */
export async function refusalOf(answer: IncomingMessage): Promise<Refusal> {
  const status = answer.statusCode ?? 0
  const said = parsed(refusalBody, jsonIn(await textOf(answer, 15_000).catch(() => '')))
  if (said !== undefined) return refusal(status, said.code, said.message)
  // HEAD has no body.
  if (status === 404 || status === 410) return refusal(status, 'NO_SUCH_FILE', 'there is no such file')
  const { 'tamtam-code': code = `HTTP_${status}` } = answer.headers
  return refusal(status, String(code), `the host answered ${status} ${answer.statusMessage ?? ''}`.trimEnd())
}

export const notTamtam = refusal(502, 'WRONG_PROTOCOL', 'what answers there is no tamtam')

/** Undefined where it is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function textOf(answer: IncomingMessage, idleMs: number): Promise<string> {
  const timer = setTimeout(() => answer.destroy(), idleMs)
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of answer) {
      timer.refresh()
      bytes += piece.length
      if (bytes > MOST_TEXT_BYTES) throw new Disconnected('the answer is too long')
      pieces.push(piece)
    }
  } catch (error) {
    throw error instanceof Disconnected ? error : new Disconnected(errorText(error), { cause: error })
  } finally {
    clearTimeout(timer)
    answer.destroy()
  }
  return Buffer.concat(pieces).toString()
}

function authorization({ name, token, password, key }: HostPlace): OutgoingHttpHeaders {
  const shown = key?.()
  const member = {
    ...(shown === undefined ? {} : { 'Tamtam-Key': shown }),
    ...(password === undefined ? {} : { 'Tamtam-Password': encodeURIComponent(password) }),
  }
  if (name !== undefined)
    return { ...member, Authorization: `Basic ${Buffer.from(`${name}:${token ?? ''}`).toString('base64')}` }
  return token === undefined ? member : { ...member, Authorization: `Bearer ${token}` }
}
