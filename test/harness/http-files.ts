import { createHash } from 'node:crypto'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type FileRow, filesOf } from './files.ts'
import { PATIENCE_MS, until } from './patience.ts'
import type { Sample } from './sample.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Request {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Iterable<Buffer>
}

/** What `GET` answers a file as, of which only the digest is kept. */
export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly size: number
  readonly sha256: string
  /** False where the connection broke before the end that was promised. */
  readonly whole: boolean
}

export const TUS = { 'Tus-Resumable': '1.0.0' }
const RETRY_MS = 20

/** One request on a connection of its own. Rejects where the connection breaks before the answer is complete. */
export async function ask(port: number, method: string, path: string, { headers = {}, body = '' }: Request = {}) {
  const response = await begin(port, method, path, { headers, body })
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece)
  const answer: Answer = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(pieces).toString(),
  }
  return answer
}

export async function receive(port: number, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await begin(port, 'GET', path, { headers })
  const hash = createHash('sha256')
  let size = 0
  let whole = true
  try {
    for await (const piece of response) {
      hash.update(piece)
      size += piece.length
    }
  } catch {
    whole = false
  }
  const { statusCode: status = 0, headers: answered } = response
  const received: Received = { status, headers: answered, size, sha256: hash.digest('hex'), whole }
  return received
}

/** The files of a room whose host has just started: what had all its bytes is finished first. */
export async function settledFilesOf(port: number): Promise<readonly FileRow[]> {
  const settled = (files: readonly FileRow[]) =>
    files.every(({ status, offset, size }) => status === 'whole' || offset !== size)
  let files = await insist(() => filesOf(port))
  await until('what had arrived to be finished', async () => {
    files = await filesOf(port)
    return settled(files)
  })
  return files
}

/** Makes a resumable upload; answers its path. */
export async function createUpload(port: number, sample: Sample, name: string, sha256?: string): Promise<string> {
  const words = { filename: name, ...(sha256 === undefined ? {} : { sha256 }) }
  const metadata = Object.entries(words).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
  const headers = { ...TUS, 'Upload-Length': String(sample.size), 'Upload-Metadata': metadata.join(',') }
  const { status, headers: answered, text } = await ask(port, 'POST', '/rooms/lobby/files', { headers })
  if (status !== 201 || answered.location === undefined) throw new Error(`${status} ${text}`)
  return new URL(answered.location, 'http://host').pathname
}

export interface Progress {
  /** What the host promises to keep. */
  readonly offset: number
  readonly prefixDigest: string | undefined
}

export async function progressOf(port: number, path: string): Promise<Progress> {
  const { status, headers } = await ask(port, 'HEAD', path, { headers: TUS })
  const digest = headers['upload-prefix-digest']
  if (status !== 200) throw new Error(`HEAD ${path}: ${status}`)
  return {
    offset: Number(headers['upload-offset']),
    prefixDigest: typeof digest === 'string' ? /^sha-256=:(.+):$/.exec(digest)?.[1] : undefined,
  }
}

/** Goes on with an upload at an offset, up to another. */
export function patch(port: number, path: string, sample: Sample, offset: number, to = sample.size): Promise<Answer> {
  const headers = {
    ...TUS,
    'Upload-Offset': String(offset),
    'Content-Type': 'application/offset+octet-stream',
    'Content-Length': String(to - offset),
  }
  return ask(port, 'PATCH', path, { headers, body: sample.bytes(offset, to) })
}

/** Does it again until the connection holds. */
export async function insist<T>(perform: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await perform()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await pause(RETRY_MS)
    }
  }
}

async function begin(port: number, method: string, path: string, { headers = {}, body = '' }: Request) {
  const asked = request({ port, host: '127.0.0.1', method, path, headers, agent: false })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.on('error', reject)
    asked.once('close', () => reject(new Error('the connection is over')))
  })
  // A refusal may come before all is sent; then nobody waits for the rest.
  await Promise.race([answered, write(asked, typeof body === 'string' ? [Buffer.from(body)] : body)])
  return answered
}

async function write(asked: ClientRequest, pieces: Iterable<Buffer>): Promise<void> {
  let wake = () => {}
  asked.on('drain', () => wake()).on('close', () => wake())
  let answered = false
  asked.once('response', () => {
    answered = true
    wake()
  })
  for (const piece of pieces) {
    if (asked.destroyed || answered) return
    if (piece.length > 0 && !asked.write(piece))
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  asked.end()
}
