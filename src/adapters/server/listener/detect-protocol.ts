import type { Duplex } from 'node:stream'
import type { Clock } from '#domain/ports/system.ts'
import { FRAMES_MAGIC } from '#protocol/frames.ts'
import { IAC, isHttpRequestLine, isTelnetOption, looksLikeLongHttpRequest } from '../connection/protocol-hints.ts'
import { type HeadReader, readHead } from './read-head.ts'

/** The protocol of a connection. `foreign` and `binary` are closed, and nothing from them reaches a room (C14, C92). */
export type Verdict = 'line' | 'http' | 'irc' | 'ssh' | 'tls' | 'frames' | 'binary' | 'foreign' | 'undecided'

/** With this many bytes the verdict is never `undecided` (C37); later bytes never change it. */
export const SNIFF_LIMIT_BYTES = 4096

const SIGNATURES: readonly (readonly [Verdict, Buffer])[] = [
  ['frames', Buffer.from(FRAMES_MAGIC)],
  ['tls', Buffer.from('1603', 'hex')],
  ['ssh', Buffer.from('SSH-2.0-')],
  ...[
    'SSH-1.',
    'RFB 00', // VNC
    'PROXY TCP',
    'PROXY UNKNOWN',
    '\r\n\r\n\x00\r\nQUIT\n', // PROXY v2
    '\x03\x00', // RDP
    '\x04\x01', // SOCKS 4: connect, bind
    '\x04\x02',
    '\x05\x01', // SOCKS 5: how many ways to log in
    '\x05\x02',
    '\x05\x03',
    '\x05\x04',
  ].map((bytes) => ['foreign', Buffer.from(bytes, 'latin1')] as const),
]

// HTTP/0.9 has no version. Methods are case-sensitive, since `get /x` may be a person's first message.
const METHOD_AND_TARGET =
  /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI|PROPFIND|MKCOL|COPY|MOVE|LOCK|UNLOCK|REPORT|SEARCH) (?:\/\S*|\*|https?:\/\/\S+)/
const SIMPLE_REQUEST = new RegExp(`${METHOD_AND_TARGET.source}$`)
const CUT_REQUEST = new RegExp(`${METHOD_AND_TARGET.source}(?: (?:H(?:T(?:T(?:P(?:\\/[\\d.]*)?)?)?)?)?)?$`)
const REQUEST_SO_FAR = /^[A-Z]+(?: (?:\S+(?: (?:H(?:T(?:T(?:P(?:\/(?:\d(?:\.(?:\d\r?)?|\r)?)?)?)?)?)?)?|\r)?)?)?$/i
// The first lines of an IRC registration, in capitals; a person may begin a sentence with one of these words.
const IRC_LINE = /^(?:CAP [A-Z].*|(?:NICK|PASS) :?\S+|USER \S+ \S+ \S+ .+)$/
const IRC_SO_FAR = /^(?:CAP|NICK|PASS|USER) /
/** None of these lines is longer. */
const IRC_LINE_BYTES = 512
// If this were an HTTP request with this method, the line server would still close it (C35).
const SEND = Buffer.from('SEND ')

const CR = 0x0d
const LF = 0x0a
const WRITABLE_CONTROLS = new Set([0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b])

/** A new connection of known protocol; `head` holds the bytes read so far. */
export interface Detected {
  readonly verdict: Exclude<Verdict, 'undecided'>
  readonly head: Buffer
}

/** For a silent connection from the address of a browser: its first packet may be lost, and a greeting would end that request. */
const BROWSER_PATIENCE = 5

/**
 * Detects the protocol of a new connection, and leaves it paused (`readHead`). A connection silent for `silentMs` belongs to a line
 * client (C36); one for which `mayBeBrowser` is true, after five times as long.
 */
export function detectProtocol(
  connection: Duplex,
  clock: Clock,
  silentMs: number,
  detected: (detected: Detected) => void,
  mayBeBrowser: () => boolean = () => false,
): void {
  const decided = (verdict: Detected['verdict'], head: Buffer): Detected => ({ verdict, head })
  let isPatient = true
  const reader: HeadReader<Detected> = {
    read: (head) => {
      const verdict = sniff(head)
      if (verdict !== 'undecided') return decided(verdict, head)
      return head.length < SNIFF_LIMIT_BYTES ? undefined : decided('line', head)
    },
    late: (head) => {
      if (!isPatient || head.length > 0 || !mayBeBrowser()) return decided(verdictAtLast(head), head)
      isPatient = false
      return (BROWSER_PATIENCE - 1) * silentMs
    },
    // One line without its end, followed by the end of input: `printf hi | nc` (C6).
    ended: (head) => (head.length > 0 ? decided(verdictAtLast(head), head) : undefined),
  }
  readHead(connection, clock, silentMs, reader, detected)
}

/**
 * The verdict on the bytes so far, as early as possible. Blank lines do not count as a first line: some HTTP clients send one ahead
 * (C92).
 */
export function sniff(head: Buffer): Verdict {
  const seen = head.subarray(0, SNIFF_LIMIT_BYTES)
  const bySignature = matchSignatures(seen)
  if (bySignature !== undefined) return bySignature

  let start = 0
  while (seen[start] === CR || seen[start] === LF) start += 1
  const first = seen[start]
  if (first === undefined) return seen.length < SNIFF_LIMIT_BYTES ? 'undecided' : 'line'
  if (beginsBinary(first)) return start === 0 || first === IAC ? beginningOf(seen.subarray(start)) : 'binary'

  if (seen.subarray(start, start + SEND.length).equals(SEND)) return 'line'
  const lineFeed = seen.indexOf(LF, start)
  if (lineFeed < 0) return unfinishedLine(seen.toString('latin1', start), seen.length)
  const stop = seen[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
  const line = seen.toString('latin1', start, stop)
  if (IRC_LINE.test(line) && line.length < IRC_LINE_BYTES) return 'irc'
  return isHttpRequestLine(line) || SIMPLE_REQUEST.test(line) ? 'http' : 'line'
}

/**
 * The verdict on a client that has not sent enough in time, or has ended: binary input does not become text (C34), and a request cut
 * within its first line is not said in a room either (C35).
 */
export function verdictAtLast(head: Buffer): 'line' | 'binary' | 'http' {
  const [first] = head
  if (first !== undefined && beginsBinary(first)) return isTelnetAlone(head) ? 'line' : 'binary'
  return CUT_REQUEST.test(head.toString('latin1').trimStart()) ? 'http' : 'line'
}

function matchSignatures(seen: Buffer): Verdict | undefined {
  let mayStillMatch = false
  for (const [verdict, signature] of SIGNATURES) {
    const length = Math.min(signature.length, seen.length)
    if (signature.compare(seen, 0, length, 0, length) !== 0) continue
    if (length === signature.length) return verdict
    mayStillMatch = true
  }
  return mayStillMatch ? 'undecided' : undefined
}

const beginsBinary = (byte: number): boolean => byte >= 0xf5 || (byte < 0x20 && !WRITABLE_CONTROLS.has(byte))

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f
const isBlank = (byte: number): boolean => byte === CR || byte === LF || byte === 0x09
/** Frames of MP3 and AAC begin like these, so the rest must be text. */
const SOUND = new Set([0xf1, 0xf2, 0xf3, 0xf9])
const TEXT_BYTES = 4

/**
 * The verdict on a first byte that cannot begin UTF-8 text. Telnet clients speak lines, and UTF-16 is refused in words: both are for the
 * line server. Anything else is binary.
 */
function beginningOf(seen: Buffer): Verdict {
  const [first, second, third, fourth] = seen
  if (second === undefined) return first === IAC || first === 0xfe || first === 0 ? 'undecided' : 'binary'
  if ((first === IAC && second === 0xfe) || (first === 0xfe && second === IAC)) return 'line'
  if (first === 0) {
    if (!isPrintable(second) && !isBlank(second)) return 'binary'
    if (third === undefined) return 'undecided'
    if (third !== 0) return 'binary'
    if (fourth === undefined) return 'undecided'
    return isPrintable(fourth) || isBlank(fourth) ? 'line' : 'binary'
  }
  if (first !== IAC || second < 0xf1 || second === 0xfe) return 'binary'
  if (second > 0xfa) return third === undefined ? 'undecided' : isTelnetOption(third) ? 'line' : 'binary'
  return SOUND.has(second) ? behindSound(seen.subarray(2)) : 'line'
}

function behindSound(rest: Buffer): Verdict {
  for (const byte of rest.subarray(0, TEXT_BYTES)) {
    if (byte === IAC || byte === LF) return 'line'
    if (!isPrintable(byte) && !isBlank(byte)) return 'binary'
  }
  return rest.length < TEXT_BYTES ? 'undecided' : 'line'
}

/** A single telnet command, or one followed by a short word. */
const isTelnetAlone = ([first, second, ...rest]: Buffer): boolean =>
  first === IAC && second !== undefined && SOUND.has(second) && rest.every((byte) => isPrintable(byte) || isBlank(byte))

function unfinishedLine(text: string, seenBytes: number): Verdict {
  if (IRC_SO_FAR.test(text) && text.length < IRC_LINE_BYTES) return 'undecided'
  if (!REQUEST_SO_FAR.test(text)) return 'line'
  if (seenBytes < SNIFF_LIMIT_BYTES) return 'undecided'
  return looksLikeLongHttpRequest(text) ? 'http' : 'line'
}
