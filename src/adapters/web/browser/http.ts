import { ApiClient, type Http, type HttpAnswer, type HttpRequest } from '#client/api-client.ts'
import { Disconnected, isRefusal, type Refusal, refusal } from '#client/errors.ts'

/** HTTP to the page's own host. `fetch` does not tell how far a body has got, so this is the older way to ask. */
class BrowserHttp implements Http {
  // Nobody asks in a page.
  readonly at = ''
  readonly base = ''
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  request(path: string, { method = 'GET', headers = {}, body, signal, moved }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
    if (body !== undefined && typeof body !== 'string' && !(body instanceof Blob))
      throw new TypeError('a page sends text and blobs')
    const request = new XMLHttpRequest()
    request.open(method, this.#root + path)
    request.responseType = 'blob'
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    const abort = () => request.abort()
    signal?.addEventListener('abort', abort)
    if (moved !== undefined) request.upload.onprogress = ({ loaded }) => moved(loaded)
    request.onloadend = () => {
      signal?.removeEventListener('abort', abort)
      if (request.status !== 0) resolve(answerOf(request))
      else reject(signal?.aborted === true ? signal.reason : new Disconnected('the host does not answer'))
    }
    request.send(body)
    if (signal?.aborted === true) abort()
    return promise
  }

  close(): void {}
}

interface BrowserAnswer extends HttpAnswer {
  /** The body, as browsers keep it: a large one on the disk. */
  readonly body: Blob
}

function answerOf(request: XMLHttpRequest): BrowserAnswer {
  const { status, statusText } = request
  const body = (request.response as Blob | null) ?? new Blob()
  const bytes = async () => new Uint8Array(await body.arrayBuffer())
  return {
    body,
    status,
    statusText,
    header: (name) => request.getResponseHeader(name) ?? undefined,
    bytes,
    async *chunks() {
      yield await bytes()
    },
    drop() {},
  }
}

export interface Credentials {
  /** For those who are no members. */
  readonly name?: string
  /** 32 hexadecimal digits: the same key is the same person. */
  readonly key: string
  readonly token: string | undefined
  /** Where the host's addresses begin; below the address of the page unless given, since a host may be below a path. */
  readonly root?: string
}

/** The host's HTTP API, asked as the page's member. A host that can't be reached is a refusal: `UNREACHABLE`. */
export class PageApi extends ApiClient {
  constructor({ key, token, name, root = '.' }: Credentials) {
    const own = { ...(token === undefined ? {} : { token }), ...(name === undefined ? {} : { name }) }
    super(new BrowserHttp(root), { key: () => key, ...own })
  }

  /** A good answer's body as the browser keeps it. */
  async blob(path: string, request?: HttpRequest): Promise<Blob | Refusal> {
    const answer = await this.ask(path, request)
    return isRefusal(answer) ? answer : (answer as BrowserAnswer).body
  }

  override async ask(path: string, request?: HttpRequest): Promise<HttpAnswer | Refusal> {
    try {
      return await super.ask(path, request)
    } catch (error) {
      if (error instanceof Disconnected) return refusal(503, 'UNREACHABLE', error.message)
      throw error
    }
  }
}
