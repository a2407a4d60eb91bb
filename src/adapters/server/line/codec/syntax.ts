import { isUtf8 } from 'node:buffer'
import { isPathLine } from '#domain/names/slash.ts'
import { isHttpRequestLine } from '#server/connection/http-line.ts'
import { beginsWithMark, notUtf8, UTF8_MARK, utf16 } from '#system/files/text.ts'
import type { BeginItem, CloseItem, CommandItem, ErrorItem } from './items.ts'
import { decodeVisibly } from './utf8.ts'

const SEND_USAGE = 'say: SEND name, then the bytes, then //AGUEL//TAMTAM//'
const PUT_USAGE = 'say: /put [@nick] <size in bytes> <name>, then exactly that many bytes'

export const HTTP_REFUSAL: CloseItem = {
  type: 'close',
  code: 'WRONG_PROTOCOL',
  message: 'this connection speaks lines, not HTTP; open a new one for HTTP',
}

/** Nothing of it is said: what looks like a line of it would be half of one. */
export const UTF16_REFUSAL: CloseItem = { ...utf16, type: 'close' }

export const TELNET_REFUSAL: CloseItem = {
  type: 'close',
  code: 'WRONG_PROTOCOL',
  message: 'a telnet subnegotiation that does not end; connect again',
}

/** A line is text (a string) or what its first word makes of it. */
export type Line = string | CommandItem | BeginItem | ErrorItem | CloseItem

/**
 * `bytes`: one line, without its end. A byte order mark before a word belongs to the file that was sent with it; before text it is
 * as much text as any other character.
 */
export function parseLine(bytes: Buffer): Line {
  if (beginsWithMark(bytes)) {
    const line = parseLine(bytes.subarray(UTF8_MARK.length))
    return typeof line === 'string' ? `\ufeff${line}` : line
  }
  const line = decodeVisibly(bytes)
  // Before SEND: a request whose method is SEND is still a request (C35).
  if (isHttpRequestLine(line)) return HTTP_REFUSAL
  if (line.startsWith('//')) return line.slice(1)
  if (line.startsWith('/')) return parseSlash(line, bytes)
  if (line === 'SEND' || line.startsWith('SEND ')) return parseSend(bytes)
  return line
}

// Names are decoded with U+FFFD: the backslash of a visible escape would part the name (C11, C39).
function parseSend(bytes: Buffer): BeginItem | ErrorItem {
  const name = bytes.toString('utf8', 'SEND '.length)
  if (name.trim() === '') return { type: 'error', code: 'BAD_COMMAND', message: `SEND needs a name: ${SEND_USAGE}` }
  return { type: 'begin', name, size: undefined }
}

function parseSlash(line: string, bytes: Buffer): string | CommandItem | BeginItem | ErrorItem {
  if (isPathLine(line)) return line
  const parts = /^\/([a-z][^ ]*) *(.*)$/is.exec(line)
  if (parts === null) return { type: 'command', word: '', rest: line }
  const [, word = '', rest = ''] = parts
  if (word.toLowerCase() === 'put') return parsePut(bytes.toString('utf8'))
  // A name, a topic or a password of other letters than were meant is worse than none.
  if (!isUtf8(bytes)) return { ...notUtf8, type: 'error' }
  return { type: 'command', word: word.toLowerCase(), rest }
}

function parsePut(line: string): BeginItem | ErrorItem {
  const [, to, digits, name = ''] = /^\/put +(?:@(\S+) +)?(\d+) (.*)$/is.exec(line) ?? []
  const size = Number(digits)
  if (!Number.isSafeInteger(size) || name.trim() === '') {
    return { type: 'error', code: 'BAD_COMMAND', message: PUT_USAGE }
  }
  return { type: 'begin', name, size, ...(to === undefined ? {} : { to }) }
}
