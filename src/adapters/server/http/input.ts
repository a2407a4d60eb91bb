import { TextDecoder } from 'node:util'
import type { FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { rejected } from '#domain/errors.ts'
import { Refused } from '#domain/session.ts'
import { faultIn } from '#protocol/schema.ts'
import { looksLikeUtf16, utf16 } from '#system/files/text.ts'
import { HttpRefused } from './errors.ts'

/** The parameters in the address of a request; empty if its route has none. */
export function paramsOf({ params }: FastifyRequest): {
  room: string
  id: string
  name: string
  link: string
  '*': string
} {
  return { room: '', id: '', name: '', link: '', '*': '', ...(params as Readonly<Record<string, string>> | undefined) }
}

/** The client's input, checked by `schema`. Throws BAD_REQUEST, which names the fault. */
export function checked<Schema extends v.GenericSchema>(schema: Schema, sent: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, sent)
  if (result.success) return result.output
  throw new HttpRefused('BAD_REQUEST', faultIn(result.issues))
}

/** A number in an address, 0 or more. */
export const wholeNumber = v.pipe(
  v.string('must be given once'),
  v.regex(/^\d{1,15}$/, 'must be a whole number'),
  v.transform(Number),
)

/** A switch in an address; left out, it is off. */
export const isOn = v.optional(
  v.pipe(
    v.picklist(['0', '1'], 'must be 0 or 1'),
    v.transform((text) => text === '1'),
  ),
  '0',
)

/** The kind of archive of a room. */
export const archiveQuery = v.object({
  collected: isOn,
  /** Ids of files, separated by commas; left out: all. */
  only: v.optional(v.pipe(v.string('must be given once'), v.regex(/^[\w-]+(?:,[\w-]+)*$/, 'must be ids of files'))),
})

/** The requested number: `usual` by default, at most `most`. */
export const limitOf = (usual: number, most: number) =>
  v.optional(
    v.pipe(
      wholeNumber,
      v.minValue(1, 'must be 1 or more'),
      v.transform((limit) => Math.min(limit, most)),
    ),
    String(usual),
  )

/** The media type of a body, and its charset if given. */
export function typeOf(contentType: string): { readonly type: string; readonly charset: string | undefined } {
  const [type = '', ...parameters] = contentType.toLowerCase().split(/\s*;\s*/)
  const [charset] = parameters.flatMap((parameter) => /^charset="?([^"]*)"?$/.exec(parameter)?.[1] || [])
  return { type: type.trim(), charset }
}

/**
 * The text of these bytes, exactly: in the charset of their type, else in UTF-16 if they begin with its mark (as PowerShell writes),
 * else in UTF-8. The mark is not part of the text. UTF-16 without a mark is refused, as on the line protocol.
 */
export function textIn(bytes: Buffer, charset: string | undefined): string {
  const marked = markOf(bytes)
  const isPlain = charset === undefined || /^(?:utf-?8|(?:us-)?ascii)$/.test(charset)
  if (isPlain && marked === undefined && looksLikeUtf16(bytes)) throw new Refused(utf16)
  const coding = isPlain ? (charset === undefined ? (marked ?? 'utf-8') : 'utf-8') : charset
  try {
    // The mark tells the byte order of UTF-16.
    return decoderOf(coding === 'utf-16' ? (marked ?? coding) : coding).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw new Refused(isPlain ? notUtf8 : notAsSaid)
    throw error
  }
}

/** The value of a JSON body. */
export const jsonOf = (body: Buffer, contentType = ''): unknown => jsonIn(textIn(body, typeOf(contentType).charset))

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new HttpRefused('BAD_REQUEST', 'this body is not JSON; send a JSON object')
    throw error
  }
}

/** No text in UTF-8 begins like this. */
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

const notUtf8 = rejected('BAD_TEXT', 'this text is not UTF-8; send it as UTF-8, or as a file')
const notAsSaid = rejected(
  'BAD_TEXT',
  'this text is not in the charset that its type names; send it as UTF-8, or as a file',
)
