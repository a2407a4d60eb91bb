import { type Rejected, rejected } from '../errors.ts'
import { utf8Length } from './utf8.ts'

const PLAIN = /^[\x20-\x7e]+$/

/**
 * The text of a message as the room keeps it: CR LF has become LF, line ends at the end are cut, LF inside stays
 * (programs may say several lines at once). Everything else stays byte for byte: doors escape what they show.
 *
 * Refuses with LINE_TOO_LONG past `maxBytes` of UTF-8, and with BAD_TEXT what is empty or no valid Unicode.
 */
export function checkText(raw: string, maxBytes: number): string | Rejected {
  // ASCII takes one byte a character. Nearly every message leaves here.
  if (raw.length <= maxBytes && PLAIN.test(raw)) return raw
  if (!raw.isWellFormed()) {
    return rejected('BAD_TEXT', 'This text holds half a surrogate pair, which UTF-8 cannot carry. Send valid Unicode.')
  }
  const text = withoutLineEnds(raw).replaceAll('\r\n', '\n')
  if (text === '') return rejected('BAD_TEXT', 'There is no text in this message. Write something before you send it.')
  const bytes = utf8Length(text)
  return bytes > maxBytes ? tooLong(bytes, maxBytes) : text
}

// By hand: /[\r\n]+$/ takes quadratic time on many line ends that are not the last.
function withoutLineEnds(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--
  return text.slice(0, end)
}

const tooLong = (bytes: number, maxBytes: number): Rejected =>
  rejected(
    'LINE_TOO_LONG',
    `This has ${bytes} bytes, and a message holds at most ${maxBytes}. Split it, or send it as a file.`,
  )
