import type { IncomingHttpHeaders } from 'node:http'
import type { IncomingConnection, Scheme } from '../connection/incoming-connection.ts'
import { addressIn } from '../connection/trusted-proxies.ts'

/** The origin of a request, and the address that its client used; if it came through a trusted proxy, as the proxy says. */
export interface RequestOrigin {
  readonly incoming: IncomingConnection
  readonly scheme: Scheme
  readonly host: string | undefined
}

/**
 * `malformed`: the client cannot be read. `contradictory`: two headers name different clients, and one of the headers is not the
 * proxy's.
 */
export type ForwardedFault = 'malformed' | 'contradictory'

/** What trusted proxies say about a request's client; nothing if they say nothing. */
export interface Forwarded {
  readonly address?: string
  readonly scheme?: Scheme
  readonly host?: string
}

interface Hop {
  readonly address: string | undefined
  readonly scheme?: string
  readonly host?: string
}

interface Client extends Hop {
  readonly address: string
}

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['http', 'http'],
  ['ws', 'http'],
  ['https', 'https'],
  ['wss', 'https'],
])

/**
 * The client of a request that a trusted proxy passes on: of the addresses that proxies have noted, the last one that is no trusted proxy's, since whoever was there could write the others.
 * Reads `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`, or `Forwarded` (RFC 7239). Where there is no address, nothing is believed.
 */
export function forwardedOf(
  headers: IncomingHttpHeaders,
  trusts: (address: string) => boolean,
): Forwarded | { readonly fault: ForwardedFault } {
  const list = textOf(headers['x-forwarded-for'])
  const pairs = textOf(headers['forwarded'])
  const byList = list === '' ? undefined : clientIn(list.split(',').map(hopIn), trusts)
  const byPairs = pairs === '' ? undefined : clientIn(hopsIn(pairs), trusts)
  if (byList === 'malformed' || byPairs === 'malformed') return { fault: 'malformed' }
  const client = byPairs ?? byList
  if (client === undefined) return {}
  if (byList !== undefined && byList.address !== client.address) return { fault: 'contradictory' }
  const { address, scheme = lastOf(headers['x-forwarded-proto']), host = lastOf(headers['x-forwarded-host']) } = client
  const known = scheme === undefined ? undefined : SCHEMES.get(scheme.toLowerCase())
  if (scheme !== undefined && known === undefined) return { fault: 'malformed' }
  return { address, ...(known === undefined ? {} : { scheme: known }), ...(host === undefined ? {} : { host }) }
}

const textOf = (value: string | string[] | undefined): string => [value ?? ''].flat().join(',').trim()

/** Of several the nearest proxy's. */
function lastOf(value: string | string[] | undefined): string | undefined {
  const last = textOf(value).split(',').at(-1)?.trim()
  return last === '' ? undefined : last
}

/** `hops`: the nearest last. Where all are trusted it is the first. */
function clientIn(hops: readonly Hop[] | undefined, trusts: (address: string) => boolean): Client | 'malformed' {
  let found: Client | 'malformed' = 'malformed'
  for (const hop of hops?.toReversed() ?? []) {
    const { address } = hop
    if (address === undefined) return 'malformed'
    found = { ...hop, address }
    if (!trusts(address)) return found
  }
  return found
}

const NODE = /^(?:\[(?<six>[^\]]+)\]|(?<four>\d{1,3}(?:\.\d{1,3}){3}))(?::\d{1,5})?$/

/** An address, perhaps with brackets and a port. */
function hopIn(text: string): Hop {
  const typed = text.trim()
  const { six, four } = NODE.exec(typed)?.groups ?? {}
  return { address: addressIn(six ?? four ?? typed) }
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const PAIR = new RegExp(`[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*(;|,|$)`, 'y')

/** The elements of `Forwarded`; undefined where it is malformed. */
function hopsIn(header: string): readonly Hop[] | undefined {
  const hops: Hop[] = []
  let pairs = new Map<string, string>()
  for (let at = 0; at <= header.length; ) {
    PAIR.lastIndex = at
    const [all, name, token, quoted, end] = PAIR.exec(header) ?? []
    if (all === undefined) return undefined
    if (name !== undefined) {
      if (pairs.has(name.toLowerCase())) return undefined
      pairs.set(name.toLowerCase(), token ?? (quoted ?? '').replace(/\\(.)/g, '$1'))
    }
    at += all.length
    if (end === ';') continue
    const [scheme, host] = [pairs.get('proto'), pairs.get('host')]
    hops.push({
      ...hopIn(pairs.get('for') ?? ''),
      ...(scheme === undefined ? {} : { scheme }),
      ...(host === undefined ? {} : { host }),
    })
    pairs = new Map()
    if (end === '') break
  }
  return hops
}
