import { type Outcome, SENTINEL, type Token } from './scenario.ts'

// The line protocol read slowly, as its rules are written, from the whole input as latin1: what the decoder is
// compared with. It knows no chunks; the input is one segment (C23). Telnet is read by expressions, as RFC 854 writes it.

const CHARACTER =
  /[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\s\S]/g
const OTHER_CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/
// What completes any character that the end of a segment cuts.
const COMPLETIONS = ['', '\x80', '\xa0', '\x80\x80', '\xa0\x80', '\x90\x80', '\x80\x80\x80', '\x90\x80\x80']

const fromUtf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

const visible = (line: string): string =>
  line.replace(CHARACTER, (character) =>
    character.length === 1 && character > '\x7f' ? `\\x${character.charCodeAt(0).toString(16)}` : fromUtf8(character),
  )

const isUtf8 = (text: string): boolean => Buffer.from(fromUtf8(text), 'utf8').toString('latin1') === text

function isSuspect(rest: string, maxLineBytes: number): boolean {
  const [line = '', ...others] = rest.split('\n')
  const cut = line.replace(/\r$/, '')
  const completions = others.length > 0 ? [''] : COMPLETIONS
  const canBeText = completions.some((completion) => isUtf8(cut + completion))
  return cut.length > maxLineBytes || OTHER_CONTROL.test(cut) || !canBeText
}

const OPTION = '[\\x00-\\x31\\x8a-\\x8c\\xff]'
const TWO = '[\\xf1-\\xf9\\xec-\\xee]'
const NEGOTIATION = new RegExp(`^\\xff[\\xfb-\\xfd]${OPTION}`)
const COMMAND = {
  atStart: new RegExp(`^\\xff${TWO}(?=[\\x00-\\x7f\\xff]|$)`),
  within: new RegExp(`^\\xff${TWO}(?=\\xff)`),
}
const SUBNEGOTIATION = /^\xff\xfa(?:[^\xff]|\xff[^\xf0])*(?:\xff\xf0|\xff?$)/
const MOST_SKIPPED = 4096
const THERE = '* yes, tamtam is here\n'

const isUtf16 = (line: string): boolean =>
  /^(?:\xff\xfe|\xfe\xff)|\r\0$/.test(line) ||
  (line.length >= 4 && (/^(?:[^\0]\0)+[^\0]?$/.test(line) || /^(?:\0[^\0])+\0?$/.test(line)))

interface Said {
  readonly length: number
  readonly says: string
}

/** What telnet says at the beginning of `rest`, if anything: how long it is, and what it does. */
function telnetAt(rest: string, seen: boolean, atStart: boolean): Said | undefined {
  const says = (found: RegExpExecArray | null) => found && { length: found[0].length, says: found[0] }
  const anywhere = seen ? /^\xff(?:\xff|[\xfb-\xfe][\s\S]?|[\xf1-\xf9\xec-\xee]|)/ : NEGOTIATION
  if (seen || atStart) {
    const found = says(SUBNEGOTIATION.exec(rest))
    if (found) return found
  }
  return (
    says(anywhere.exec(rest)) ??
    says(seen ? null : (atStart ? COMMAND.atStart : COMMAND.within).exec(rest)) ??
    says(atStart ? /^\xff[\xf4\xf6]/.exec(rest) : null) ??
    undefined
  )
}

export function readWhole(whole: Buffer, maxLineBytes = 4096, maxDiscardedBytes = 1024 * 1024): Outcome {
  const tokens: Token[] = []
  const input = whole.toString('latin1')
  const refused = new Set<string>()
  let linesSeen = 0
  let telnet = false
  let hinted = false
  const done = (...last: Token[]): Outcome => ({ tokens: [...tokens, ...last], linesSeen })
  const answer = (bytes: string) => {
    linesSeen += 1
    tokens.push(['answer', bytes])
  }

  for (let at = 0; at < input.length; ) {
    const isFirst = linesSeen === 0
    let raw = ''
    let isLong = false
    let isEnded = false
    const most = () => maxLineBytes + (linesSeen === 0 && raw.startsWith('\xef\xbb\xbf') ? 3 : 0)
    const tooLong = () => raw.length > most() && !(raw.length === most() + 1 && raw.endsWith('\r'))
    while (at < input.length && !isEnded) {
      const found: Said | undefined =
        input[at] === '\xff' && (!isLong || telnet)
          ? telnetAt(input.slice(at), telnet, raw === '' && !isLong)
          : undefined
      if (found !== undefined) {
        const [, command = '', option = '']: readonly string[] = [...found.says]
        at += found.length
        telnet ||= command !== '\xfa' || found.says.endsWith('\xff\xf0')
        if (command === '\xfa') {
          if (found.length - 2 > MOST_SKIPPED + 1) return done(['close', 'WRONG_PROTOCOL'])
        } else if (command === '\xff') raw += isLong ? '' : '\xff'
        else if (found.says === '\xff\xfd\x06') answer('\xff\xfb\x06')
        else if (/[\xfb\xfd]/.test(command) && option !== '' && !refused.has(found.says)) {
          refused.add(found.says)
          answer(`\xff${command === '\xfd' ? '\xfc' : '\xfe'}${option}`)
        } else if (command === '\xf6') answer(THERE)
        else if (command === '\xf7') {
          // What is past the limit is counted, and not kept: none of it can be erased.
          if (!isLong) raw = raw.replace(/[\s\S][\x80-\xbf]*$/, '')
        } else if (command === '\xf4' || command === '\xf8') {
          raw = ''
          isLong = false
        }
      } else {
        const byte = input[at] as string
        at += 1
        const plain = /^[\t\x20-\x7e\x80-\xff]*\r$/.test(raw) && isUtf8(raw)
        isEnded = byte === '\n' || (byte === '\0' && !isLong && raw.endsWith('\r') && (telnet || plain))
        if (!isEnded) raw += byte
      }
      if (isLong && raw.length >= maxDiscardedBytes) return done(['close', 'LINE_TOO_LONG'])
      if (isLong || !tooLong() || (raw.length === most() + 1 && raw.endsWith('\r'))) continue
      const head = raw.slice(0, maxLineBytes)
      if (/^[a-z]+ (\/|\*|https?:\/\/)[^ ]*( [^ ]*)?$/i.test(head)) return done(['close', 'WRONG_PROTOCOL'])
      if (!telnet && isUtf16(head)) return done(['close', 'BAD_TEXT'])
      isLong = true
      tokens.push(['error', 'LINE_TOO_LONG'])
      if (raw.length >= maxDiscardedBytes) return done(['close', 'LINE_TOO_LONG'])
    }
    if (isLong) {
      if (isEnded) linesSeen += 1
      continue
    }
    // The end of all ends a line that has something in it.
    if (!isEnded && raw === '') continue
    const wasFirst = isFirst && linesSeen === 0
    linesSeen += 1
    if (!telnet && isUtf16(raw)) return done(['close', 'BAD_TEXT'])
    const line = (wasFirst ? raw.replace(/^\xef\xbb\xbf/, '') : raw).replace(/\r$/, '')
    if (line === '') continue
    const said = (text: string) => {
      tokens.push(['text', text])
      if (!hinted && !isUtf8(line)) tokens.push(['hint'])
      hinted ||= !isUtf8(line)
    }
    const bare = line.replace(/^(?:\xef\xbb\xbf)+/, '')
    const marks = fromUtf8(line.slice(0, line.length - bare.length))
    const text = visible(bare)
    const send = /^SEND(?: (.*))?$/s.exec(bare)
    const put = /^\/put(?: +(\d+) (.*)|(?: .*)?)$/is.exec(bare)
    const command = /^\/([a-z][^ ]*) *(.*)$/is.exec(text)
    if (/^[a-z]+ \S+ HTTP\/\d(\.\d)?$/i.test(text)) return done(['close', 'WRONG_PROTOCOL'])
    const name = fromUtf8(send?.[1] ?? put?.[2] ?? '')
    const size = put === null ? undefined : Number(put[1])
    if ((send ?? put) === null) {
      if (text.startsWith('//')) said(marks + text.slice(1))
      else if (/^\/[^/\s]+\//.test(text)) said(marks + text)
      else if (text.startsWith('/') && command !== null && !isUtf8(bare)) tokens.push(['error', 'BAD_TEXT'])
      else if (command !== null) tokens.push(['command', (command[1] as string).toLowerCase(), command[2]])
      else if (text.startsWith('/')) tokens.push(['command', '', text])
      else said(marks + text)
      continue
    }
    if (name.trim() === '' || (size !== undefined && !Number.isSafeInteger(size))) {
      tokens.push(['error', 'BAD_COMMAND'])
      continue
    }
    tokens.push(['begin', name, size])
    const mark = input.indexOf(SENTINEL, at)
    const end = size === undefined ? mark : at + size
    const isWhole = end >= 0 && end <= input.length
    const body = isWhole ? input.slice(at, end) : input.slice(at)
    if (body !== '') tokens.push(['body', body])
    if (!isWhole || (!isEnded && size !== 0)) return done(['cut'])
    at = size === undefined ? end + SENTINEL.length : end
    const suspect = size === undefined && isSuspect(input.slice(at), maxLineBytes)
    tokens.push(['end', suspect])
    if (suspect) return done(['close', 'SUSPECT_END'])
  }
  return done()
}
