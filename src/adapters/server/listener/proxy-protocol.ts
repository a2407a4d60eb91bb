import { isIPv4, isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#domain/ports/system.ts'
import { addressIn } from '../connection/trusted-proxies.ts'
import { type HeadReader, readHead } from './read-head.ts'

/** A client as described by the proxy in front of it. */
export interface ProxiedClient {
  readonly address: string
  /** The address that it used, such as `192.0.2.5:443`. */
  readonly at: string
  /** It speaks TLS with the proxy. */
  readonly tls: boolean
}

/** State of a header of the PROXY protocol (haproxy.org, versions 1 and 2) in the bytes so far. */
export type ProxyHeader =
  | { readonly status: 'none' }
  | { readonly status: 'partial' }
  | { readonly status: 'malformed' }
  /** Without a client, the connection is the proxy's own, or of a kind unknown to the proxy. */
  | { readonly status: 'whole'; readonly bytes: number; readonly client?: ProxiedClient }

const TEXT = Buffer.from('PROXY ')
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** Including the line end (version 1). */
const MOST_TEXT_BYTES = 107
/** Bytes after the first 16 of version 2: the addresses, and additional facts from the proxy. */
const MOST_REST_BYTES = 4096
const FIXED_BYTES = 16

const NONE = { status: 'none' } as const
const PARTIAL = { status: 'partial' } as const
const MALFORMED = { status: 'malformed' } as const

/** Reads the header at the start of a connection. `head`: all bytes so far. */
export function readProxyHeader(head: Buffer): ProxyHeader {
  if (beginsLike(head, TEXT)) return head.length < TEXT.length ? PARTIAL : readText(head)
  if (beginsLike(head, BINARY)) return head.length < BINARY.length ? PARTIAL : readBinary(head)
  return NONE
}

const beginsLike = (head: Buffer, signature: Buffer): boolean => {
  const length = Math.min(head.length, signature.length)
  return signature.compare(head, 0, length, 0, length) === 0
}

function readText(head: Buffer): ProxyHeader {
  const end = head.subarray(0, MOST_TEXT_BYTES).indexOf('\r\n')
  if (end < 0) return head.length < MOST_TEXT_BYTES ? PARTIAL : MALFORMED
  const bytes = end + 2
  const [, kind, ...rest] = head.toString('latin1', 0, end).split(' ')
  if (kind === 'UNKNOWN') return { status: 'whole', bytes }
  const [from = '', to = '', ...ports] = rest
  const isAddress = kind === 'TCP4' ? isIPv4 : kind === 'TCP6' ? isIPv6 : () => false
  if (!isAddress(from) || !isAddress(to) || ports.length !== 2 || !ports.every(isPort)) return MALFORMED
  return { status: 'whole', bytes, client: clientOf(from, to, Number(ports[1]), false) }
}

const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xff_ff

const LOCAL = 0x20
const PROXY = 0x21
const FAMILIES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
])
/** Families without usable addresses: unknown, and Unix sockets. */
const OTHERS: ReadonlySet<number> = new Set([0x00, 0x31])

function readBinary(head: Buffer): ProxyHeader {
  const [command, family] = head.subarray(BINARY.length)
  if (command !== undefined && command !== LOCAL && command !== PROXY) return MALFORMED
  if (head.length < FIXED_BYTES) return PARTIAL
  const length = head.readUInt16BE(BINARY.length + 2)
  if (length > MOST_REST_BYTES) return MALFORMED
  const bytes = FIXED_BYTES + length
  if (head.length < bytes) return PARTIAL
  if (command === LOCAL || OTHERS.has(family ?? 0)) return { status: 'whole', bytes }
  const size = FAMILIES.get(family ?? 0)
  const rest = head.subarray(FIXED_BYTES, bytes)
  if (size === undefined || rest.length < 2 * size + 4) return MALFORMED
  const tls = toldTls(rest.subarray(2 * size + 4))
  if (tls === undefined) return MALFORMED
  const [from, to] = [textOf(rest.subarray(0, size)), textOf(rest.subarray(size, 2 * size))]
  return { status: 'whole', bytes, client: clientOf(from, to, rest.readUInt16BE(2 * size + 2), tls) }
}

function textOf(address: Buffer): string {
  if (address.length === 4) return address.join('.')
  return Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index).toString(16)).join(':')
}

const SSL = 0x20
const CLIENT_SPEAKS_TLS = 0x01

/** Whether the client speaks TLS, according to the proxy's additional facts; undefined if those are malformed. */
function toldTls(told: Buffer): boolean | undefined {
  let tls = false
  for (let at = 0; at < told.length; ) {
    if (told.length - at < 3) return undefined
    const end = at + 3 + told.readUInt16BE(at + 1)
    if (end > told.length) return undefined
    if (told[at] === SSL) tls = ((told[at + 3] ?? 0) & CLIENT_SPEAKS_TLS) !== 0 && end > at + 3
    at = end
  }
  return tls
}

function clientOf(from: string, to: string, port: number, tls: boolean): ProxiedClient {
  const host = addressIn(to) ?? to
  return { address: addressIn(from) ?? from, at: `${isIPv6(host) ? `[${host}]` : host}:${port}`, tls }
}

/** The outcome of reading a header. */
export type TakenHeader =
  | { readonly status: 'malformed' }
  | { readonly status: 'taken'; readonly client?: ProxiedClient }

/**
 * Removes the header from the start of a connection, if there is one, and leaves the connection paused after it. A proxy sends it at
 * once and in one piece: without its beginning within `silentMs`, there is none. Never calls back if the connection ends first; one that
 * stalls within the header is closed after `handshakeMs`.
 */
export function takeProxyHeader(
  connection: Duplex,
  clock: Clock,
  { silentMs, handshakeMs }: { readonly silentMs: number; readonly handshakeMs: number },
  taken: (header: TakenHeader) => void,
): void {
  let isLate = false
  const reader: HeadReader<Exclude<ProxyHeader, { readonly status: 'partial' }>> = {
    read: (head) => {
      const header = readProxyHeader(head)
      return header.status === 'partial' ? undefined : header
    },
    late: (head) => {
      if (head.length < BINARY.length) return NONE
      if (isLate) return undefined
      isLate = true
      return handshakeMs
    },
    ended: () => undefined,
  }
  readHead(connection, clock, silentMs, reader, (header, head) => {
    const bytes = header.status === 'whole' ? header.bytes : 0
    if (bytes < head.length) connection.unshift(head.subarray(bytes))
    if (header.status === 'malformed') taken(header)
    else taken({ status: 'taken', ...('client' in header ? { client: header.client } : {}) })
  })
}
