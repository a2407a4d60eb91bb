import { isUtf8 } from 'node:buffer'
import type { Code } from '#domain/errors.ts'
import { isPathLine } from '#domain/names/text.ts'
import { isHttpRequestLine } from '#server/connection/protocol-hints.ts'
import { beginsWithMark, notUtf8, UTF8_MARK, utf16 } from '#system/files/text.ts'

/** Consecutive text lines, without their ends. A line that began with `//` begins with `/` here. */
export interface TextItem {
  readonly type: 'text'
  readonly lines: string[]
}

/** `/word rest`. `word` is lower case; it is '' when no letter follows the slash, and `rest` is then the whole line. */
export interface CommandItem {
  readonly type: 'command'
  readonly word: string
  readonly rest: string
}

/** A file begins. `size` is undefined where the sentinel ends it. The name is the sender's, unchecked. */
export interface BeginItem {
  readonly type: 'begin'
  readonly name: string
  readonly size: number | undefined
  /** The name of the only recipient. */
  readonly to?: string
}

/** The next bytes of the file: a view of the segment they came in. */
export interface BodyItem {
  readonly type: 'body'
  readonly bytes: Buffer
}

/** The file's body is over. `suspect`: the bytes behind it say that the sentinel was part of the file (C23). */
export interface EndItem {
  readonly type: 'end'
  readonly suspect: boolean
}

/** The input ended within a file. */
export interface CutItem {
  readonly type: 'cut'
}

/** Answers of the telnet protocol, to be written back as they are. */
export interface AnswerItem {
  readonly type: 'answer'
  readonly bytes: Buffer
}

/** Advice to the sender, given once; nothing was refused. */
export interface HintItem {
  readonly type: 'hint'
  readonly text: string
}

/** A mistake of the sender's; reading goes on. */
export interface ErrorItem {
  readonly type: 'error'
  readonly code: Code
  readonly message: string
}

/** The last item: nothing behind it is read. */
export interface CloseItem {
  readonly type: 'close'
  readonly code: Code
  readonly message: string
}

export type Item =
  | TextItem
  | CommandItem
  | BeginItem
  | BodyItem
  | EndItem
  | CutItem
  | AnswerItem
  | HintItem
  | ErrorItem
  | CloseItem

const SEND_USAGE = 'say: SEND name, then the bytes, then //AGUEL//TAMTAM//'
const PUT_USAGE = 'say: /put [@nick] <size in bytes> <name>, then exactly that many bytes'

export const HTTP_REFUSAL: CloseItem = {
  type: 'close',
  code: 'WRONG_PROTOCOL',
  message: 'this connection speaks lines, not HTTP; open a new one for HTTP',
}

/** Nothing of it is said: its lines are cut within characters. */
export const UTF16_REFUSAL: CloseItem = { ...utf16, type: 'close' }

export const TELNET_REFUSAL: CloseItem = {
  type: 'close',
  code: 'WRONG_PROTOCOL',
  message: 'a telnet subnegotiation that does not end; connect again',
}

/** A line is text (a string), or the item that its first word stands for. */
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

/** Bytes as text; a byte that is no part of a UTF-8 character becomes visible as `\xff` (C11). */
function decodeVisibly(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  let valid = 0
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    text += bytes.toString('utf8', valid, at) + escapeByte(bytes[at] as number)
    at += 1
    valid = at
  }
  return text + bytes.toString('utf8', valid)
}

/** Whether the bytes can begin a UTF-8 text: a last character may still miss bytes. */
export function canBeginUtf8(bytes: Buffer): boolean {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const missing = announcedLength(byte) - back
    return isUtf8(missing > 0 ? Buffer.concat([bytes, completion(byte, back, missing)]) : bytes)
  }
  return isUtf8(bytes)
}

/** Bytes that make a character of one that has `back` bytes, if any do. */
function completion(lead: number, back: number, missing: number): Buffer {
  const rest = Buffer.alloc(missing, 0x80)
  if (back === 1 && lead === 0xe0) rest[0] = 0xa0
  if (back === 1 && lead === 0xf0) rest[0] = 0x90
  return rest
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

function announcedLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** The length of the character at `at`, 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const length = announcedLength(bytes[at] as number)
  if (length < 2) return length
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
