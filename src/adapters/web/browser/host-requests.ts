import { isRefusal, type Refusal, refusal } from '#client/errors.ts'

export interface Credentials {
  /** 32 hexadecimal digits: whoever shows them is the same person. */
  readonly key: string
  readonly token: string | undefined
}

/** Asks the host over HTTP, as the member that the page is. */
export class HostRequests {
  readonly #credentials: Credentials

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  get headers(): Readonly<Record<string, string>> {
    const { key, token } = this.#credentials
    return { 'Tamtam-Key': key, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) }
  }

  /** A good answer, or why there is none; `UNREACHABLE` where nobody answers. */
  async ask(path: string, init: RequestInit = {}): Promise<Response | Refusal> {
    const headers = { Accept: 'application/json', ...this.headers, ...(init.headers as Record<string, string>) }
    try {
      const answer = await fetch(path, { ...init, headers, cache: 'no-store', credentials: 'omit' })
      return answer.ok ? answer : refusalOf(answer.status, await answer.json().catch(() => undefined))
    } catch {
      return refusal(503, 'UNREACHABLE', 'the host does not answer')
    }
  }

  /** The same of an answer's body. */
  async json(path: string, init: RequestInit = {}): Promise<{ readonly value: unknown } | Refusal> {
    const answer = await this.ask(path, init)
    if (isRefusal(answer)) return answer
    return { value: await answer.json().catch(() => undefined) }
  }
}

function refusalOf(status: number, body: unknown): Refusal {
  if (typeof body !== 'object' || body === null || !('code' in body) || !('message' in body))
    return refusal(status, 'BAD_REQUEST', `the host answered with ${status}`)
  return refusal(status, String(body.code), String(body.message))
}
