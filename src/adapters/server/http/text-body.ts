import { TextDecoder } from 'node:util'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { rejected } from '#domain/errors.ts'
import { Refused } from '#domain/session.ts'
import { looksLikeUtf16, utf16 } from '#system/files/text.ts'
import { HttpRefused } from './errors.ts'

/** The media type of a body, and the charset that it is said to be in. */
export function typeOf(contentType: string): { readonly type: string; readonly charset: string | undefined } {
  const [type = '', ...parameters] = contentType.toLowerCase().split(/\s*;\s*/)
  const [charset] = parameters.flatMap((parameter) => /^charset="?([^"]*)"?$/.exec(parameter)?.[1] || [])
  return { type: type.trim(), charset }
}

/**
 * The text that bytes are, to the letter, or a refusal: in the charset that they are said to be in, else in UTF-16 where they begin with its
 * mark (as what PowerShell writes), else in UTF-8. The mark is none of the text. UTF-16 without one is refused, as on the line protocol.
 */
export function textIn(bytes: Buffer, charset: string | undefined): string {
  const marked = markOf(bytes)
  const isPlain = charset === undefined || /^(?:utf-?8|(?:us-)?ascii)$/.test(charset)
  if (isPlain && marked === undefined && looksLikeUtf16(bytes)) throw new Refused(utf16)
  const coding = isPlain ? (charset === undefined ? (marked ?? 'utf-8') : 'utf-8') : charset
  try {
    // Which half of UTF-16 it is only the mark tells.
    return decoderOf(coding === 'utf-16' ? (marked ?? coding) : coding).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw new Refused(isPlain ? notUtf8 : notAsSaid)
    throw error
  }
}

/** JSON in the bodies of a scope's requests. */
export function takeJson(app: FastifyInstance, bodyLimit: number): void {
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer', bodyLimit },
    async ({ headers }: FastifyRequest, body: Buffer) =>
      jsonIn(textIn(body, typeOf(headers['content-type'] ?? '').charset)),
  )
}

export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new HttpRefused('BAD_REQUEST', 'this is no JSON')
    throw error
  }
}

/** No UTF-8 begins so. */
function markOf(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second, third, fourth] = bytes
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const is32 = third === 0 && fourth === 0
  return first === 0xff && second === 0xfe && !is32 ? 'utf-16le' : undefined
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new HttpRefused('UNSUPPORTED_TYPE', 'this charset is not known here; send UTF-8')
  }
}

const notUtf8 = rejected('BAD_TEXT', 'This text is not UTF-8. Send it as UTF-8, or as a file.')
const notAsSaid = rejected(
  'BAD_TEXT',
  'This text is not in the charset that its type names. Send it as UTF-8, or as a file.',
)
