import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

/** The addresses that end without a slash; a room and its files are the only ones where a slash says something, to those who send a file. */
const ENDING = /^(\/(?:rooms|files|ws|healthz|metrics|status|openapi\.json)\b[^?]*?)\/(?=\?|$)/

/** Brings what a request is for into the one form that routes know, in place. */
export function straighten(request: IncomingMessage): void {
  const { url = '', method } = request
  let target = url
  // As a proxy is asked: what stands there is the Host (RFC 9112 section 3.2.2).
  const [, authority, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  if (authority !== undefined) {
    request.headers.host = authority
    target = rest.startsWith('/') ? rest : `/${rest}`
  }
  const [, path = '', query = ''] = /^([^?]*)(.*)$/.exec(target) ?? []
  const one = path.replace(/\/{2,}/g, '/')
  target = (method === 'PUT' || method === 'POST' ? one.replace(/(?:%[\da-f]{2})+|%/gi, inUtf8) : one) + query
  request.url = method === 'PUT' ? target : target.replace(ENDING, '$1')
}

/** Names in other encodings can be sent as well (`curl -T`): what of them is no UTF-8 is U+FFFD, as on the line protocol. */
function inUtf8(escapes: string): string {
  if (escapes === '%') return '%25'
  const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex')
  return isUtf8(bytes) ? escapes : encodeURIComponent(bytes.toString('utf8'))
}
