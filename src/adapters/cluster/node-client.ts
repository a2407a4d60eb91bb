import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { addAbortSignal } from 'node:stream'
import { dialHost, Endpoint, type Trust } from '#client/endpoint.ts'
import { NotTrusted } from '#client/errors.ts'
import { EndpointAgent } from '#client/node-http.ts'
import type { Digest } from '#domain/ports/file-store.ts'
import type { CopyState, FilePeers } from './file-peers.ts'
import { NODE_HEADER, type NodeSignature } from './node-signature.ts'

/** The other nodes that are alive, according to their beats. */
export interface LivingNodes {
  /** This node's name. */
  readonly node: string
  readonly nodes: readonly { readonly node: string; readonly url: string }[]
  readonly aloneMs: number
}

/** An id, and the end of its line. */
export const LINE_BYTES = 33

/** Longer than the time in which a node answers. */
const ANSWER_MS = 15_000
/** After this long without bytes the node is asked again, which shows whether it is alive. */
const SILENT_MS = 30_000
const LOOK_MS = 1000

/** Requests to the other nodes of a cluster, at the port that everybody uses. */
export class NodeClient implements FilePeers {
  readonly #living: LivingNodes
  readonly #signature: NodeSignature
  readonly #agents = new Map<string, EndpointAgent>()

  constructor(living: LivingNodes, signature: NodeSignature) {
    this.#living = living
    this.#signature = signature
  }

  get others(): readonly string[] {
    return this.#living.nodes.map(({ node }) => node)
  }

  get aloneMs(): number {
    return this.#living.aloneMs
  }

  async read(
    node: string,
    id: string,
    from: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const answer = await this.#ask(node, 'GET', `/cluster/files/${id}?from=${from}`)
    if (answer.statusCode === 200) {
      answer.setTimeout(SILENT_MS, () => answer.destroy(new Error('nothing of the file has come for a while')))
      // The connection to a lost machine does not close by itself.
      const look = setInterval(() => {
        if (!this.others.includes(node)) answer.destroy(new Error('its node is gone'))
      }, LOOK_MS)
      answer.once('close', () => clearInterval(look))
      return addAbortSignal(signal, answer)
    }
    answer.resume()
    if (answer.statusCode === 404) return undefined
    throw new Error(`the node ${node} answered ${answer.statusCode}`)
  }

  async copy(node: string, id: string, digest?: Digest): Promise<CopyState> {
    const { node: from } = this.#living
    const query = new URLSearchParams({
      from,
      ...(digest === undefined ? {} : { size: String(digest.size), sha256: digest.sha256 }),
    })
    const answer = await this.#ask(node, 'POST', `/cluster/files/${id}?${query}`)
    answer.resume()
    if (answer.statusCode === 204) return 'kept'
    return answer.statusCode === 202 ? 'copying' : 'refused'
  }

  async lacking(node: string, ids: readonly string[]): Promise<readonly string[]> {
    const body = ids.join('\n')
    const answer = await this.#ask(node, 'POST', `/cluster/files?sha256=${digestOf(body)}`, body)
    const text = await textOf(answer, ids.length * LINE_BYTES)
    if (answer.statusCode !== 200) throw new Error(`the node ${node} answered ${answer.statusCode}`)
    const asked = new Set(ids)
    return text.split('\n').filter((id) => asked.has(id))
  }

  /** A request in progress; undefined if no such node is alive. `client`: the client that it is made for. */
  request(
    node: string,
    method: string,
    path: string,
    headers: OutgoingHttpHeaders = {},
    client = '',
  ): ClientRequest | undefined {
    const url = this.#living.nodes.find((each) => each.node === node)?.url
    if (url === undefined) return undefined
    const { host, hostname } = new URL(url)
    const signed = { ...headers, host, [NODE_HEADER]: this.#signature.sign({ method, path }, client) }
    return request({ host: hostname, method, path, headers: signed, agent: this.#agentOf(url) })
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  async #ask(node: string, method: string, path: string, body?: string): Promise<IncomingMessage> {
    const asking = this.request(node, method, path)
    if (asking === undefined) throw new Error(`the node ${node} is not there`)
    // Errors after the head are handled by the reader of the body.
    asking.on('error', () => {})
    const timer = setTimeout(() => asking.destroy(new Error('no answer')), ANSWER_MS)
    try {
      const answered = once(asking, 'response') as Promise<[IncomingMessage]>
      asking.end(body)
      return (await answered)[0]
    } finally {
      clearTimeout(timer)
    }
  }

  /** A node that comes back at another address gets another entry. */
  #agentOf(url: string): EndpointAgent {
    const known = this.#agents.get(url)
    if (known !== undefined) return known
    const { hostname, port, protocol, hash } = new URL(url)
    const tls = protocol === 'https:'
    const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 443 : 80)), tls }
    const fingerprint = decodeURIComponent(hash.slice(1))
    const endpoint = new Endpoint(address, dialHost({ ...address, fingerprint }, pinned))
    const agent = new EndpointAgent(endpoint, 'large')
    this.#agents.set(url, agent)
    return agent
  }
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A body of at most this many bytes. */
export async function textOf(message: IncomingMessage, most: number): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) throw new Error('what another node sends is too long')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** The fingerprint in a node's beat decides. */
const pinned: Trust = {
  allowPlain: async () => {},
  allow: async (at, { fingerprint }, wanted) => {
    if (fingerprint !== wanted) throw new NotTrusted('HOST_CHANGED', `the node at ${at} shows another key than it told`)
  },
}
