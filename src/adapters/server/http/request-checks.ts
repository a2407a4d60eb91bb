import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Refusal } from './errors.ts'
import type { RequestOrigin } from './forwarded.ts'

/** The addresses that end without a slash; in those of a room and its files a slash means something when a file is sent, and in that of a folder always. */
const ENDING = /^(\/(?:rooms|files|ws|healthz|readyz|metrics|status|drop|openapi\.json)\b[^?]*?)\/(?=\?|$)/

/** A folder that was sent: with a slash, what is in it. */
const FOLDER = /^\/files\/[^/?]+\/(?!receipts\/|links\/)[^/?]+\/(?=\?|$)/

/** A target without the host's base path, where it begins with it. */
export const belowBase = (target: string, basePath: string): string =>
  target.startsWith(`${basePath}/`) ? target.slice(basePath.length) : target

/** Brings the target of a request into the one form that routes know, in place. */
export function straighten(request: IncomingMessage, basePath: string): void {
  const { url = '', method } = request
  let target = url
  // The absolute form, as sent to a proxy: its authority is the Host (RFC 9112 section 3.2.2).
  const [, authority, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  if (authority !== undefined) {
    request.headers.host = authority
    target = rest.startsWith('/') ? rest : `/${rest}`
  }
  const [, path = '', query = ''] = /^([^?]*)(.*)$/.exec(target) ?? []
  const one = belowBase(path.replace(/\/{2,}/g, '/'), basePath)
  target = (method === 'PUT' || method === 'POST' ? one.replace(/(?:%[\da-f]{2})+|%/gi, inUtf8) : one) + query
  const isFolder = (method === 'GET' || method === 'HEAD') && FOLDER.test(target)
  request.url = method === 'PUT' || isFolder ? target : target.replace(ENDING, '$1')
}

/** Names in other encodings can be sent as well (`curl -T`): bytes that are no UTF-8 become U+FFFD, as on the line protocol. */
function inUtf8(escapes: string): string {
  if (escapes === '%') return '%25'
  const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex')
  return isUtf8(bytes) ? escapes : encodeURIComponent(bytes.toString('utf8'))
}

/** The fault of a request that Node understood. */
export function headFault(request: IncomingMessage, most: number): Refusal | undefined {
  const { rawHeaders, httpVersion, headers, method = '' } = request
  if (rawHeaders.length > 2 * most) return tooManyHeaders
  if (httpVersion !== '1.0' && httpVersion !== '1.1') return malformed
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return malformed
  const { expect, 'transfer-encoding': coding, 'content-length': length } = headers
  // Its body would be taken for none (RFC 1945 section 7.2.2).
  if (httpVersion === '1.0' && /^(?:PUT|POST|PATCH)$/.test(method) && length === undefined) return noLength
  if (expect !== undefined && httpVersion === '1.1' && expect.toLowerCase() !== '100-continue') return badExpectation
  return coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : malformed
}

/** Whether a host name, as a URL has it, is one of this host's. An empty one is none. */
export type IsOurs = (name: string) => boolean

/** Every address literal is ours, and this machine's own names (RFC 6761); `*.example.org` stands for one label, as in a certificate. */
export function ownNames(hostNames: readonly string[]): IsOurs {
  const names = new Set(hostNames.map((name) => domainToASCII(bare(name.toLowerCase()))).filter((name) => name !== ''))
  const wild = new Set(hostNames.flatMap((name) => (name.startsWith('*.') ? domainToASCII(bare(name.slice(2))) : [])))
  return (asked) => {
    const name = bare(asked)
    if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || /(?:^|\.)localhost$/.test(name)) return true
    return names.has(name) || wild.has(name.replace(/^[^.]*\./, ''))
  }
}

/** A dot at the end only says that nothing is searched. */
const bare = (name: string): string => name.replace(/\.$/, '')

/**
 * The fault of a request that may come from a page of another origin. A browser may have been led here by a foreign name
 * that now points to this address (DNS rebinding, C94), or by a page that guesses local servers (C91, C93).
 */
export function originFault(
  { headers, method }: IncomingMessage,
  { host, scheme }: RequestOrigin,
  isOurs: IsOurs,
): Refusal | undefined {
  const { origin } = headers
  const asked = (name: string) => urlOf(`${scheme}://${name}`)
  // Only HTTP/1.0 may leave it out, and no browser does.
  const here = host === undefined ? undefined : asked(host)
  // Also the one that a proxy asks for: where it passes the client's on, the page made up the other.
  for (const name of [host, headers.host])
    if (name !== undefined && !isOurs(asked(name)?.hostname ?? '')) return misdirected
  if (origin !== undefined) return here !== undefined && urlOf(origin)?.origin === here.origin ? undefined : foreign
  // The images and scripts of a page of another origin have no Origin; following a link is allowed.
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers
  const followed = mode === 'navigate' && (method === 'GET' || method === 'HEAD')
  return site === 'none' || site === 'same-origin' || followed ? undefined : foreign
}

/** An origin: scheme, host and port, and nothing else. A zone means something only at the client (RFC 6874). */
function urlOf(text: string): URL | undefined {
  const origin = text.replace(/^(https?:\/\/\[[^\]%]*)%[^\]]*\]/i, '$1]')
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  const bare =
    url?.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === ''
  return bare && /^https?:$/.test(url.protocol) ? url : undefined
}

const misdirected: Refusal = {
  code: 'MISDIRECTED',
  message: 'this host is not called that; ask for it by its address, or have it started with --host-names',
}
const foreign: Refusal = {
  code: 'FOREIGN_ORIGIN',
  message: 'requests from pages of other origins are refused; open the page of this host',
}
export const malformed: Refusal = {
  code: 'BAD_REQUEST',
  message: 'this is no valid HTTP/1.1 request; check its request line, headers and coding',
}
const noLength: Refusal = {
  code: 'BAD_REQUEST',
  message: 'a body over HTTP/1.0 needs a Content-Length; send one, or use HTTP/1.1',
}
const tooManyHeaders: Refusal = { code: 'HEAD_TOO_LARGE', message: 'this request has too many headers; send fewer' }
const badExpectation: Refusal = {
  code: 'BAD_EXPECTATION',
  message: 'this expectation is not known here; send Expect: 100-continue, or none',
}
