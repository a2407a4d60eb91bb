import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { failureText } from '#domain/names/text.ts'
import type { Log } from '#domain/ports/system.ts'
import type { NodeFiles } from './file-peers.ts'
import { digestOf, LINE_BYTES, type NodeClient, textOf } from './node-client.ts'
import { NODE_HEADER, type NodeSignature } from './node-signature.ts'

const FILE = /^\/cluster\/files(?:\/([0-9a-f]{32}))?\?(.*)$/
const MOST_IDS = 1000
const SHA256 = /^[0-9a-f]{64}$/
/** Of one connection alone, or for a host of another name. */
const NOT_PASSED_ON = ['connection', 'keep-alive', 'host', 'expect', 'origin', 'referer', 'upgrade', NODE_HEADER]
const FROM_A_BROWSER = /^sec-fetch-|^x-forwarded-|^forwarded$/
const NOT_ANSWERED_ON = ['connection', 'keep-alive', 'date']

/** Answers other nodes of the cluster, and has them answer what is theirs. */
export class NodeServer {
  readonly #files: NodeFiles
  readonly #client: NodeClient
  readonly #signature: NodeSignature
  readonly #log: Log
  /** A signature holds for once. */
  readonly #clients = new WeakMap<IncomingMessage, string | undefined>()

  constructor(files: NodeFiles, client: NodeClient, signature: NodeSignature, log: Log) {
    this.#files = files
    this.#client = client
    this.#signature = signature
    this.#log = log
  }

  /** Whether this is a request of another node's own, which is answered then. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const [path, id, query] = FILE.exec(request.url ?? '') ?? []
    if (path === undefined || this.clientOf(request) === undefined) return false
    const asked = new URLSearchParams(query)
    const answered =
      id === undefined ? this.#compare(asked, request, response) : this.#answer(id, asked, request, response)
    answered.catch((error: unknown) => {
      this.#log.warn('another node was not answered to the end', { error: failureText(error) })
      response.destroy()
    })
    return true
  }

  /** The address of the client whose request another node passes on; empty where it is that node's own, undefined where it is of no node. */
  clientOf(request: IncomingMessage): string | undefined {
    const { headers, method = '', url: path = '' } = request
    const signature = headers[NODE_HEADER]
    if (typeof signature !== 'string') return undefined
    if (!this.#clients.has(request)) this.#clients.set(request, this.#signature.verify({ method, path }, signature))
    return this.#clients.get(request)
  }

  /** Has the node answer a request of the client at this address; false where it cannot be reached, and nothing was answered. */
  async passOn(node: string, request: IncomingMessage, response: ServerResponse, client: string): Promise<boolean> {
    const { headers, method = '', url = '' } = request
    const passed = without(headers, (name) => NOT_PASSED_ON.includes(name) || FROM_A_BROWSER.test(name))
    const outgoing = this.#client.request(node, method, url, passed, client)
    if (outgoing === undefined) return false
    const gone = () => outgoing.destroy()
    response.once('close', gone)
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    // What breaks after the answer ends that.
    outgoing.on('error', () => {})
    if (headers.expect !== undefined && !request.complete) response.writeContinue()
    request.pipe(outgoing)
    try {
      const [answer] = await answered
      response.writeHead(
        answer.statusCode ?? 500,
        without(answer.headers, (name) => NOT_ANSWERED_ON.includes(name)),
      )
      answer.once('error', () => response.destroy())
      answer.pipe(response)
      return true
    } catch (error) {
      this.#log.warn('another node could not be asked', { node, error: failureText(error) })
      response.off('close', gone)
      return false
    } finally {
      request.unpipe(outgoing)
      request.resume()
    }
  }

  async #answer(id: string, asked: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume()
    if (request.method === 'GET') return await this.#send(id, Number(asked.get('from')), response)
    if (request.method !== 'POST') return end(response, 405)
    const sha256 = asked.get('sha256')
    const size = Number(asked.get('size'))
    if (sha256 !== null && !(SHA256.test(sha256) && Number.isSafeInteger(size))) return end(response, 400)
    const digest = sha256 === null ? undefined : { sha256, size }
    const state = await this.#files.copyFrom(asked.get('from') ?? '', id, digest)
    end(response, { kept: 204, copying: 202, refused: 409 }[state])
  }

  /** The signature is of the path, and so of the body by its digest. */
  async #compare(asked: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request, MOST_IDS * LINE_BYTES)
    if (request.method !== 'POST' || digestOf(text) !== asked.get('sha256')) return end(response, 400)
    const lacking = await this.#files.lacking(text.split('\n'))
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end(lacking.join('\n'))
  }

  async #send(id: string, from: number, response: ServerResponse): Promise<void> {
    if (!Number.isSafeInteger(from) || from < 0) return end(response, 400)
    const found = await this.#files.give(id, from)
    if (found === undefined) return end(response, 404)
    const { bytes, size } = found
    response.writeHead(200, size === undefined ? {} : { 'Content-Length': Math.max(0, size - from) })
    // The file may not grow for a while.
    response.flushHeaders()
    const pieces = bytes[Symbol.asyncIterator]()
    response.once('close', () => void pieces.return?.())
    for (;;) {
      const { done, value } = await pieces.next()
      if (done === true || response.destroyed) break
      // The store reuses this buffer for the next piece: it has to be sent before.
      await new Promise<void>((resolve) => {
        response.once('close', resolve)
        response.write(value, () => {
          response.off('close', resolve)
          resolve()
        })
      })
    }
    response.end()
  }
}

const without = (headers: OutgoingHttpHeaders, drops: (name: string) => boolean): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !drops(name)))

const end = (response: ServerResponse, status: number): void => void response.writeHead(status).end()
