import { END_MARK, type Outcome, type Token } from './scenario.ts'

// The line protocol read slowly, as its rules are written, from the whole input as latin1: what the decoder is
// compared with. It knows no chunks; the input is one segment (C23).

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

export function readWhole(whole: Buffer, maxLineBytes = 4096, maxDiscardedBytes = 1024 * 1024): Outcome {
  const tokens: Token[] = []
  const input = whole.toString('latin1')
  let linesSeen = 0
  const done = (...last: Token[]): Outcome => ({ tokens: [...tokens, ...last], linesSeen })

  for (let at = 0; at < input.length; ) {
    const raw = /[^\n]*/.exec(input.slice(at))?.[0] ?? ''
    at += raw.length + 1
    const line = raw.replace(/\r$/, '')
    if (line.length > maxLineBytes) {
      if (/^[a-z]+ (\/|\*|https?:\/\/)[^ ]*( [^ ]*)?$/i.test(raw.slice(0, maxLineBytes)))
        return done(['close', 'WRONG_PROTOCOL'])
      tokens.push(['error', 'LINE_TOO_LONG'])
      if (raw.length >= maxDiscardedBytes) return done(['close', 'LINE_TOO_LONG'])
      if (at <= input.length) linesSeen += 1
      continue
    }
    linesSeen += 1
    if (line === '') continue
    const text = visible(line)
    const send = /^SEND(?: (.*))?$/s.exec(line)
    const put = /^\/put(?: +(\d+) (.*)|(?: .*)?)$/is.exec(line)
    const command = /^\/([a-z][^ ]*) *(.*)$/is.exec(text)
    if (/^[a-z]+ \S+ HTTP\/\d(\.\d)?$/i.test(text)) return done(['close', 'WRONG_PROTOCOL'])
    const name = fromUtf8(send?.[1] ?? put?.[2] ?? '')
    const size = put === null ? undefined : Number(put[1])
    if ((send ?? put) === null) {
      if (text.startsWith('//')) tokens.push(['text', text.slice(1)])
      else if (command !== null) tokens.push(['command', (command[1] as string).toLowerCase(), command[2]])
      else if (text.startsWith('/')) tokens.push(['command', '', text])
      else tokens.push(['text', text])
      continue
    }
    if (name.trim() === '' || (size !== undefined && !Number.isSafeInteger(size))) {
      tokens.push(['error', 'BAD_COMMAND'])
      continue
    }
    tokens.push(['begin', name, size])
    const mark = input.indexOf(END_MARK, at)
    const end = size === undefined ? mark : at + size
    const isWhole = end >= 0 && end <= input.length
    const body = isWhole ? input.slice(at, end) : input.slice(at)
    if (body !== '') tokens.push(['body', body])
    if (!isWhole || (at > input.length && size !== 0)) return done(['cut'])
    at = size === undefined ? end + END_MARK.length : end
    const suspect = size === undefined && isSuspect(input.slice(at), maxLineBytes)
    tokens.push(['end', suspect])
    if (suspect) return done(['close', 'SUSPECT_END'])
  }
  return done()
}
