import { checkRoomName } from '../../domain/names/room-name.ts'
import { FILE_ID } from '../codec/wire/events.ts'
import { readFingerprint } from '../tls/fingerprint.ts'
import { type Refusal, refusal } from './failures.ts'

/** Where a room is, as somebody typed it. */
export interface RoomAddress {
  /** A name or an address; IPv6 without its brackets. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** The one that the host must show over TLS. */
  readonly fingerprint?: string
  readonly room: string
  /** Whether the room was named, or is the one people are in at first. */
  readonly roomNamed: boolean
  /** What the one who asks wants to be called. */
  readonly name?: string
  /** Where the address was the link to a file. */
  readonly file?: { readonly id: string; readonly name: string }
}

const DEFAULT_PORT = 8268
/** A URL means here what it means in a browser. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['', DEFAULT_PORT],
  ['tls', DEFAULT_PORT],
  ['http', 80],
  ['https', 443],
])
const DEFAULT_ROOM = 'lobby'
const HOST = /^(?:\[(?<six>[\p{L}\d:.%]+)\]|(?<host>[\p{L}\p{M}\d._-]+))(?::(?<port>\d{1,5}))?$/u

/** `host:port` as a person writes it. */
export const labelOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host.toLowerCase()}:${port}`

/**
 * `[name@]host[:port][/room]`, the same with `tls://` in front and perhaps the host's fingerprint behind a `#`, as a URL with `http://` or
 * `https://`, or the link to a file.
 */
export function parseAddress(text: string): RoomAddress | Refusal {
  const [, given = '', rest = ''] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/is.exec(text) ?? []
  const scheme = given.toLowerCase()
  const usualPort = PORTS.get(scheme)
  if (usualPort === undefined) return wrong(`${given}:// is not spoken here; tls://, http:// and https:// are`)
  const [place = '', fragment] = split(rest, '#')
  // What stands on a command line is seen by everybody on the machine (C121).
  const fingerprint = readFingerprint(fragment ?? '')
  if (fragment !== undefined && fingerprint === undefined)
    return wrong('leave out what follows the #: a token goes into the variable TAMTAM_TOKEN')
  const [authority = '', path = ''] = split(place, '/')
  const at = authority.lastIndexOf('@')
  const name = at < 0 ? undefined : decoded(authority.slice(0, at))
  if (name === '') return wrong('there is no name before the @')
  if (name?.includes(':'))
    return wrong('a password has no place in an address; a token goes into the variable TAMTAM_TOKEN')
  const { host, six, port } = HOST.exec(authority.slice(at + 1))?.groups ?? {}
  const found = host ?? six
  if (found === undefined) return wrong(hint(authority.slice(at + 1)))
  const number = port === undefined ? usualPort : Number(port)
  if (number < 1 || number > 65_535) return wrong(`${port} is no port; ports go from 1 to 65535`)
  const tls = scheme === 'tls' || scheme === 'https'
  if (fingerprint !== undefined && !tls) return wrong('a fingerprint is for TLS; write tls:// in front')
  const where = {
    host: found,
    port: number,
    tls,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(name === undefined ? {} : { name }),
  }
  const room = roomOf(path)
  return 'type' in room ? room : { ...where, ...room }
}

function roomOf(path: string): Pick<RoomAddress, 'room' | 'roomNamed' | 'file'> | Refusal {
  const [asked = ''] = path.split('?', 1)
  const [first, second, third, ...more] = asked.split('/').map(decoded)
  if (first === undefined || first === '') return { room: DEFAULT_ROOM, roomNamed: false }
  if (first === 'files' && second !== undefined && FILE_ID.test(second) && more.length === 0)
    return { room: DEFAULT_ROOM, roomNamed: false, file: { id: second, name: third ?? '' } }
  if ((second ?? '') !== '' || third !== undefined) return wrong(`/${asked} is no room; write host/room`)
  const room = checkRoomName(first)
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
