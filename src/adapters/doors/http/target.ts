import type { IncomingMessage } from 'node:http'

/** The addresses that end without a slash; a room and its files are the only ones where a slash says something, to those who send a file. */
const ENDING = /^(\/(?:rooms|files|healthz|metrics|status|openapi\.json)\b[^?]*?)\/+(?=\?|$)/

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
  request.url = method === 'PUT' ? target : target.replace(ENDING, '$1')
}
