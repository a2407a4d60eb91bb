import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import { domainToASCII } from 'node:url'
import type { Refusal } from './errors.ts'

/** Whether a host name, as a URL has it, is one of this host's. */
export type IsOurs = (name: string) => boolean

/** Every address literal is, and what names this machine for itself (RFC 6761); `*.example.org` stands for one label, as in a certificate. */
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
 * Whether a request may be one of a page's that is not ours. A browser may have been led here by a name of somebody else's
 * that now points to this address (DNS rebinding, C94), or by a page that guesses what listens here (C91, C93).
 */
export function originFault({ headers, method, socket }: IncomingMessage, isOurs: IsOurs): Refusal | undefined {
  const { host, origin } = headers
  const scheme = socket instanceof TLSSocket ? 'https' : 'http'
  // Only HTTP/1.0 may leave it out, and no browser does.
  const here = host === undefined ? undefined : urlOf(`${scheme}://${host}`)
  if (host !== undefined && (here === undefined || !isOurs(here.hostname))) return misdirected
  if (origin !== undefined) return here !== undefined && urlOf(origin)?.origin === here.origin ? undefined : foreign
  // What a page of another origin only shows (an image, a script) has no Origin; a link that somebody follows is welcome.
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers
  const followed = mode === 'navigate' && (method === 'GET' || method === 'HEAD')
  return site === 'none' || site === 'same-origin' || followed ? undefined : foreign
}

/** An origin: scheme, host and port, and nothing else. A zone is the asker's own matter (RFC 6874). */
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
const foreign: Refusal = { code: 'FOREIGN_ORIGIN', message: 'pages of other origins have no business here' }
