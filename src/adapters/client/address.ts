import { checkRoomName } from '#domain/names/room-name.ts'
import { FILE_ID } from '#protocol/schema.ts'
import { readFingerprint } from '#system/tls/fingerprint.ts'
import { type Refusal, refusal } from './errors.ts'

/** The address of a room, as typed. */
export interface RoomAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** The path of the host on its server, `/chat`; left out without one. */
  readonly basePath?: string
  /** Whether the address says HTTP: there may be an HTTP proxy in between, which passes nothing else on. */
  readonly http?: boolean
  /** The fingerprint that the host must show over TLS. */
  readonly fingerprint?: string
  readonly room: string
  /** Whether the address names the room; otherwise it is the default room. */
  readonly roomNamed: boolean
  /** The requested nick. */
  readonly name?: string
  /** The host's token, if the address was a link with one. */
  readonly token?: string
  /** If the address was the link to a file; with a `ticket`, the link opens the file by itself. */
  readonly file?: LinkedFile
}

export interface LinkedFile {
  readonly id: string
  readonly name: string
  readonly ticket?: string
  /** For one file inside a folder: its path, beginning with the folder's name. */
  readonly inside?: string
}

const DEFAULT_PORT = 8268
/** A URL means the same here as in a browser. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['', DEFAULT_PORT],
  ['tcp', DEFAULT_PORT],
  ['tls', DEFAULT_PORT],
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
])
const OVER_TLS: ReadonlySet<string> = new Set(['tls', 'https', 'wss'])
const OVER_HTTP: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss'])
/** Addresses that a host prints as "everywhere", and what they mean from here. */
const EVERYWHERE: ReadonlyMap<string, string> = new Map([
  ['::', '::1'],
  ['0.0.0.0', '127.0.0.1'],
])
const DEFAULT_ROOM = 'lobby'
const HOST = /^(?:\[(?<six>[\p{L}\d:.%]+)\]|(?<host>[\p{L}\p{M}\d._-]+))(?::(?<port>\d{1,5}))?$/u

/** `host:port` as people write it. */
export const labelOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host.toLowerCase()}:${port}`

/**
 * `[name@]host[:port][/room]`, and every form that a host, its page or our commands print: with `tcp://` in front, or `tls://` and
 * perhaps the host's fingerprint after a `#`; the link of its page, with the token and the room after the `#`; the URL of its API or
 * WebSocket; or the link to a file. In a URL the host may have a base path: `https://example.org/chat/lobby`.
 */
export function parseAddress(text: string): RoomAddress | Refusal {
  const [, given = '', rest = ''] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? []
  const scheme = given.toLowerCase()
  const usualPort = PORTS.get(scheme)
  if (usualPort === undefined) return wrong(`${given}:// is not spoken here; tcp://, tls://, http:// and https:// are`)
  const [target = '', fragment = ''] = split(rest, '#')
  const said = readFragment(fragment)
  if ('type' in said) return said
  const [authority = '', path = ''] = split(target, '/')
  const at = authority.lastIndexOf('@')
  const name = at < 0 ? undefined : decoded(authority.slice(0, at))
  if (name === '') return wrong('there is no name before the @')
  if (name?.includes(':'))
    return wrong('a password has no place in an address; a token goes into the variable TAMTAM_TOKEN')
  const { host, six, port } = HOST.exec(authority.slice(at + 1))?.groups ?? {}
  // A final dot only says that no suffix is searched. Not every resolver accepts it, and no certificate has it.
  const typed = host?.replace(/\.$/, '') ?? six?.replace('%25', '%') ?? ''
  const found = EVERYWHERE.get(typed) ?? typed
  if (found === '') return wrong(hint(authority.slice(at + 1)))
  const number = port === undefined ? usualPort : Number(port)
  if (number < 1 || number > 65_535) return wrong(`${port} is no port; ports go from 1 to 65535`)
  const tls = OVER_TLS.has(scheme)
  const { fingerprint, token } = said
  if (fingerprint !== undefined && !tls) return wrong('a fingerprint is for TLS; write tls:// in front')
  const endpoint = {
    host: found,
    port: number,
    tls,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(token === undefined ? {} : { token }),
    ...(name === undefined ? {} : { name }),
    ...(OVER_HTTP.has(scheme) ? { http: true } : {}),
  }
  const { basePath, rest: below } = OVER_HTTP.has(scheme) ? splitPath(path, said) : { basePath: '', rest: path }
  if (!/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~%-]+)*$/.test(basePath)) return wrong(`${basePath} is no path of a host`)
  const where = basePath === '' ? endpoint : { ...endpoint, basePath }
  const room = roomOf(/^wss?$/.test(scheme) ? below.replace(/^ws(?=[/?]|$)/, '') : below)
  if ('type' in room) return room
  if (room.roomNamed || room.file !== undefined || said.room === undefined) return { ...where, ...room }
  const named = namedRoom(said.room)
  return 'type' in named ? named : { ...where, ...named }
}

interface Fragment {
  readonly fingerprint?: string
  readonly token?: string
  readonly room?: string
}

/** The part after the `#`: the host's fingerprint, the parameters of the page's links, or just the token. */
function readFragment(fragment: string): Fragment | Refusal {
  if (fragment === '') return {}
  const fingerprint = readFingerprint(fragment)
  if (fingerprint !== undefined) return { fingerprint }
  if (TOKEN_ALONE.test(fragment)) return { token: fragment }
  const said = new URLSearchParams(fragment)
  const token = said.get('t') ?? undefined
  const room = said.get('room') ?? undefined
  const isKnown = [...said.keys()].every((key) => key === 't' || key === 'room')
  if (!isKnown || (token !== undefined && !/^[\x21-\x7e]+$/.test(token)))
    return wrong('the part after the # is no fingerprint, and not of a link of tamtam; leave it out')
  return { ...(token === undefined ? {} : { token }), ...(room === undefined ? {} : { room }) }
}

/** Long enough for a token, and without any character of a fingerprint or a link. */
const TOKEN_ALONE = /^[\w-]{16,128}$/

/**
 * The path of a URL, as the host's base path and the rest. A page's link names the room after the `#`, addresses of the API begin with
 * known words, and otherwise the last part is the room.
 */
function splitPath(path: string, { room }: Fragment): { readonly basePath: string; readonly rest: string } {
  const [asked = '', query] = split(path, '?')
  const parts = asked.replace(/\/$/, '').split('/')
  const ofApi = parts.findIndex((part, at) =>
    part === 'files' || part === 'rooms' ? at + 1 < parts.length : part === 'ws' && at > 0,
  )
  const isPage = room !== undefined && asked.endsWith('/')
  const count = ofApi >= 0 ? ofApi : isPage ? parts.length : query === undefined ? parts.length - 1 : 0
  if (count === 0) return { basePath: '', rest: path }
  const rest = parts.slice(count).join('/')
  return { basePath: `/${parts.slice(0, count).join('/')}`, rest: query === undefined ? rest : `${rest}?${query}` }
}

type Asked = Pick<RoomAddress, 'room' | 'roomNamed' | 'file'>

function roomOf(path: string): Asked | Refusal {
  const [asked = '', query = ''] = split(path, '?')
  const [first, second, third, ...more] = asked.split('/').map(decoded)
  if (first === undefined || first === '') return { room: DEFAULT_ROOM, roomNamed: false }
  if (first === 'files' && second !== undefined && FILE_ID.test(second)) {
    const ticket = new URLSearchParams(query).get('ticket')
    const inside = more.join('') === '' ? undefined : [third, ...more].join('/')
    const name = (inside === undefined ? third : more.at(-1)) ?? ''
    const named = { id: second, name, ...(ticket === null ? {} : { ticket }) }
    const file = inside === undefined ? named : { ...named, inside }
    return { room: DEFAULT_ROOM, roomNamed: false, file }
  }
  if (first === 'rooms' && second !== undefined && second !== '' && more.join('') === '' && OF_A_ROOM.has(third ?? ''))
    return namedRoom(second)
  if ((second ?? '') !== '' || third !== undefined) return wrong(`/${asked} is no room; write host/room`)
  return namedRoom(first)
}

/** The resources below `/rooms/:room`. */
const OF_A_ROOM: ReadonlySet<string> = new Set(['', 'messages', 'events', 'files', 'search'])

function namedRoom(name: string): Asked | Refusal {
  const room = checkRoomName(name)
  return typeof room === 'string' ? { room, roomNamed: true } : wrong(room.message)
}

function hint(authority: string): string {
  if (authority === '') return 'there is no host in it'
  if (authority.split(':').length > 2) return `an IPv6 address goes into brackets: [${authority}]:${DEFAULT_PORT}`
  return `${authority} is no host; write [name@]host[:port][/room]`
}

function split(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const wrong = (message: string): Refusal => refusal(0, 'BAD_ADDRESS', message)
