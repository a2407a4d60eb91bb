import { parsed, refusal as refusalBody } from '#protocol/schema.ts'
import { isRefusal, notTamtam, type Refusal, refusal } from './errors.ts'

/** Pages send text and blobs; Node sends streams as well. */
export type RequestBody = string | Blob | AsyncIterable<Uint8Array>

export interface HttpRequest {
  /** Left out: `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is pulled no faster than the host takes it: when the next piece is requested, only the newest may still be on its way. */
  readonly body?: RequestBody
  /** Bytes of a streamed body. */
  readonly length?: number
  /** Ends the request; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called while the body is sent, with the bytes sent so far. */
  readonly moved?: (bytes: number) => void
  /** Called before a stalled request is dropped: answers whether the host got further. */
  readonly alive?: () => Promise<boolean>
}

/** The head of an answer, whatever its status. Its body must be read or dropped. */
export interface HttpAnswer {
  readonly status: number
  readonly statusText: string
  /** `name` in lower case. */
  header(name: string): string | undefined
  /** The whole body. Rejects with `Disconnected` if it ends too early, or is longer than 16 MiB. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  /**
   * The body, pulled; each chunk is valid until the next is requested. Throws `Disconnected` if it ends too early, or if nothing arrives
   * for `idleMs`.
   */
  chunks(idleMs?: number): AsyncIterable<Uint8Array>
  drop(): void
}

/** HTTP to one host. Adapters: `NodeHttp`, `BrowserHttp`. */
export interface Http {
  /** `host:port` as people write it. */
  readonly at: string
  /** The start of the host's links: `https://host:port`. */
  readonly base: string
  /** Rejects with `Disconnected`, with `Unreachable` if nobody ever answered, or with `NotTrusted`. */
  request(path: string, request: HttpRequest): Promise<HttpAnswer>
  /** Ends all requests in progress. */
  close(): void
}

/** Sent with every request, and never part of a message (C121). */
export interface ApiCredentials {
  readonly name?: string
  /** The host's token. */
  readonly token?: string
  /** The room's password, or an invitation. */
  readonly password?: string
  /** The key of a member in the room: requests are then made as this member. */
  readonly key?: () => string | undefined
}

/** A host's HTTP API (docs/reference/http.md), with the credentials of its user. */
export class ApiClient {
  readonly http: Http
  readonly #credentials: ApiCredentials
  /** Tickets for opening a file without other credentials, by the file's id. */
  readonly #tickets = new Map<string, string>()

  constructor(http: Http, credentials: ApiCredentials = {}) {
    this.http = http
    this.#credentials = credentials
  }

  /** A successful answer, or the host's refusal. Throws what `Http.request` throws. */
  async ask(path: string, request: HttpRequest = {}): Promise<HttpAnswer | Refusal> {
    const headers = { ...authorization(this.#credentials), ...request.headers }
    const answer = await this.http.request(path, { ...request, headers })
    return answer.status >= 200 && answer.status < 300 ? answer : await refusalIn(answer)
  }

  /** An answer's body as parsed by `read`. If `read` answers undefined, it is not the answer of a tamtam host. */
  async get<T>(path: string, read: (value: unknown) => T | undefined, request: HttpRequest = {}): Promise<T | Refusal> {
    const headers = { Accept: 'application/json', ...request.headers }
    const answer = await this.ask(path, { ...request, headers })
    if (isRefusal(answer)) return answer
    const text = textOf(await answer.bytes())
    try {
      return read(JSON.parse(text)) ?? notTamtam
    } catch (error) {
      if (error instanceof SyntaxError) return notTamtam
      throw error
    }
  }

  /** For a request without an answer body: undefined after success. */
  async run(path: string, request: HttpRequest): Promise<Refusal | undefined> {
    const answer = await this.ask(path, request)
    if (isRefusal(answer)) return answer
    answer.drop()
    return undefined
  }

  /** The path of a file, or of something `below` it. */
  filePath(id: string, below = ''): string {
    const ticket = this.#tickets.get(id)
    return `/files/${encodeURIComponent(id)}${below}${ticket === undefined ? '' : `?ticket=${ticket}`}`
  }

  /** The path for new uploads to a room. */
  uploadsPath(room: string): string {
    return `/rooms/${encodeURIComponent(room)}/files`
  }

  /** Whether the file's path has a ticket. */
  hasTicket(id: string): boolean {
    return this.#tickets.has(id)
  }

  /** Keeps a ticket that opens a file without other credentials. */
  addTicket(id: string, ticket: string): void {
    this.#tickets.set(id, ticket)
  }

  /** The file's id in the address given by the host; keeps the ticket in it. */
  fileAt(location = ''): string | undefined {
    const [, id, ticket] = /\/files\/([\w-]{1,64})(?:\?ticket=([\w-]+))?$/.exec(location) ?? []
    if (id !== undefined && ticket !== undefined) this.addTicket(id, ticket)
    return id
  }

  close(): void {
    this.http.close()
  }
}

async function refusalIn(answer: HttpAnswer): Promise<Refusal> {
  const { status, statusText } = answer
  const told = errorIn(await answer.bytes().then(textOf, () => ''))
  if (told !== undefined) return refusal(status, told.code, told.message, told.limit)
  // HEAD has no body.
  if (status === 404 || status === 410) return refusal(status, 'NO_SUCH_FILE', 'there is no such file')
  const code = answer.header('tamtam-code') ?? `HTTP_${status}`
  return refusal(status, code, `the host answered ${status} ${statusText}`.trimEnd())
}

function errorIn(text: string) {
  try {
    return parsed(refusalBody, JSON.parse(text))
  } catch {
    return undefined
  }
}

function authorization({ name, token, password, key }: ApiCredentials): Readonly<Record<string, string>> {
  const shown = key?.()
  const member = {
    ...(shown === undefined ? {} : { 'Tamtam-Key': shown }),
    ...(password === undefined ? {} : { 'Tamtam-Password': encodeURIComponent(password) }),
  }
  if (name !== undefined) return { ...member, Authorization: `Basic ${base64(`${name}:${token ?? ''}`)}` }
  return token === undefined ? member : { ...member, Authorization: `Bearer ${token}` }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
