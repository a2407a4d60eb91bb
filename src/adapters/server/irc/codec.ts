import { isUtf8 } from 'node:buffer'

/** One line of IRC (modern.ircdocs.horse), taken apart. */
export interface Message {
  readonly tags: ReadonlyMap<string, string>
  /** In capitals. */
  readonly verb: string
  readonly params: readonly string[]
}

/** A line that was not taken: longer than it may be, or no UTF-8. */
export interface Fault {
  readonly fault: 'tooLong' | 'notText'
}

/** Bytes of a line with its end, without its tags. */
export const LINE_BYTES = 512
const BODY_BYTES = LINE_BYTES - 2
/** Bytes of a client's tags, from the at sign to the blank (IRCv3, message tags). */
const TAG_BYTES = 4096
const MOST_BYTES = TAG_BYTES + LINE_BYTES
/** More parameters than any command has; the last takes the rest. */
const MOST_PARAMS = 15

const AT = 0x40
const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20

/** Makes messages of bytes as they come. A line that is too long is dropped to its end, however long it is: it costs no memory. */
export class IrcDecoder {
  #partial: Buffer = Buffer.alloc(0)
  #isDropping = false

  push(chunk: Buffer): readonly (Message | Fault)[] {
    const found: (Message | Fault)[] = []
    let rest = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk])
    for (let end = rest.indexOf(LF); end >= 0; end = rest.indexOf(LF)) {
      const line = rest.subarray(0, rest[end - 1] === CR ? end - 1 : end)
      rest = rest.subarray(end + 1)
      if (this.#isDropping) found.push({ fault: 'tooLong' })
      else if (line.length > 0) found.push(...decoded(line))
      this.#isDropping = false
    }
    if (rest.length > MOST_BYTES) this.#isDropping = true
    // Its own bytes: it must not keep a large chunk of which it is a part.
    this.#partial = this.#isDropping ? Buffer.alloc(0) : Buffer.from(rest)
    return found
  }
}

function decoded(line: Buffer): readonly (Message | Fault)[] {
  const blank = line[0] === AT ? line.indexOf(SPACE) : -1
  const tagBytes = blank < 0 ? 0 : blank + 1
  if (tagBytes > TAG_BYTES || line.length - tagBytes > BODY_BYTES) return [{ fault: 'tooLong' }]
  if (!isUtf8(line)) return [{ fault: 'notText' }]
  const message = parse(line.toString('utf8'))
  return message === undefined ? [] : [message]
}

/** Undefined where there is no command in it. NUL and CR are left out: neither may be in a line. */
export function parse(line: string): Message | undefined {
  let rest = line.replace(/[\0\r]/g, '')
  let tags: ReadonlyMap<string, string> = NO_TAGS
  if (rest.startsWith('@')) {
    const end = blankIn(rest)
    tags = tagsOf(rest.slice(1, end))
    rest = rest.slice(end).trimStart()
  }
  // A client's own source says nothing: the host knows who it is.
  if (rest.startsWith(':')) rest = rest.slice(blankIn(rest)).trimStart()
  const params: string[] = []
  while (rest !== '') {
    if (params.length > 0 && (rest.startsWith(':') || params.length === MOST_PARAMS)) {
      params.push(rest.startsWith(':') ? rest.slice(1) : rest)
      break
    }
    const end = blankIn(rest)
    params.push(rest.slice(0, end))
    rest = rest.slice(end).replace(/^ +/, '')
  }
  const [verb = '', ...others] = params
  return /^[A-Za-z0-9-]+$/.test(verb) ? { tags, verb: verb.toUpperCase(), params: others } : undefined
}

const NO_TAGS: ReadonlyMap<string, string> = new Map()

function blankIn(text: string): number {
  const at = text.indexOf(' ')
  return at < 0 ? text.length : at
}

function tagsOf(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const each of text.split(';')) {
    const at = each.indexOf('=')
    const key = at < 0 ? each : each.slice(0, at)
    if (key !== '') tags.set(key, at < 0 ? '' : unescaped(each.slice(at + 1)))
  }
  return tags
}

const ESCAPES: Readonly<Record<string, string>> = { ':': ';', s: ' ', '\\': '\\', r: '\r', n: '\n' }

const unescaped = (value: string): string => value.replace(/\\(.?)/gs, (_, sign: string) => ESCAPES[sign] ?? sign)

const SIGNS: Readonly<Record<string, string>> = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' }

/** The value of a tag as it stands in a line. */
export const escapedTag = (value: string): string => value.replace(/[; \\\r\n]/g, (sign) => SIGNS[sign] as string)

/** The parts of a line to be sent. */
export interface Line {
  /** As they stand in the line, with `;` between them and no at sign. */
  readonly tags?: string
  /** Left out where the line is from this connection's own host to its client. */
  readonly source?: string
  readonly verb: string
  readonly params?: readonly string[]
  /** The last parameter, whatever is in it. */
  readonly text?: string
}

/** The one function that makes lines: nothing that somebody wrote ends one, or begins another parameter. */
export function lineOf({ tags = '', source, verb, params = [], text }: Line): string {
  const middle = params.map((param) => ` ${middleOf(param)}`).join('')
  const last = text === undefined ? '' : ` :${cleared(text)}`
  const from = source === undefined ? '' : `:${source} `
  return `${tags === '' ? '' : `@${tags} `}${from}${verb}${middle}${last}\r\n`
}

const cleared = (text: string): string => (/[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]+/g, ' ') : text)

const middleOf = (param: string): string => {
  const word = cleared(param).replaceAll(' ', '_').replace(/^:+/, '')
  return word === '' ? '*' : word
}

const PIECE_LEAST = 16

/**
 * A text in pieces of at most so many bytes in UTF-8: cut behind a blank where there is one in the second half, and never within a character.
 * Together they are the text.
 */
export function cutText(text: string, mostBytes: number): readonly string[] {
  const most = Math.max(PIECE_LEAST, mostBytes)
  if (Buffer.byteLength(text) <= most) return [text]
  const pieces: string[] = []
  let from = 0
  while (from < text.length) {
    let bytes = 0
    let end = from
    let behindBlank = -1
    while (end < text.length) {
      const point = text.codePointAt(end) as number
      const length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
      if (bytes + length > most) break
      bytes += length
      end += point < 0x10000 ? 1 : 2
      if (point === SPACE && bytes * 2 > most) behindBlank = end
    }
    if (end < text.length && behindBlank > 0) end = behindBlank
    pieces.push(text.slice(from, end))
    from = end
  }
  return pieces
}

/** Bold, colours and the like, as clients send them. */
const FORMATTING =
  /[\x02\x0f\x11\x16\x1d\x1e\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?/g

export const withoutFormatting = (text: string): string => text.replace(FORMATTING, '')

/** Client-to-client protocol: the word and the rest of a text between two 0x01; undefined where it is plain text. */
export function ctcpOf(text: string): { readonly word: string; readonly rest: string } | undefined {
  if (!text.startsWith('\x01')) return undefined
  const [, word = '', rest = ''] = /^([^ ]*) ?(.*)$/s.exec(text.replaceAll('\x01', '')) ?? []
  return { word: word.toUpperCase(), rest }
}

/** How IRC compares nicks and channels here: `CASEMAPPING=ascii`. */
export const folded = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
