import { TextDecoder } from 'node:util'
import { type Rejected, rejected } from '#domain/errors.ts'
import { SourceFailed } from '#domain/transfer/upload.ts'
import type { Refusal } from '../errors.ts'
import type { BodyEnd, RequestBody } from './request-body.ts'

/** One part of a form. */
export interface FormPart {
  /** The name of its file; undefined if the part is none. */
  readonly name: string | undefined
}

/** The next bytes of a body, valid until the next call, or its end. */
type Pull = () => Promise<Uint8Array | BodyEnd>

/** Bytes of the headers of one part; also of everything in a form besides its files. */
const MOST_HEAD_BYTES = 8192
const MOST_OTHER_BYTES = 64 * 1024
const MOST_PARTS = 1000

const FORM = /^multipart\/form-data *(?:;|$)/i
const MIXED = /^multipart\/mixed *(?:;|$)/i

/** The boundary named by a `Content-Type`, undefined if it is not that of a form (RFC 7578). */
export const boundaryOf = (contentType?: string): string | undefined => boundaryIn(FORM, contentType)

function boundaryIn(type: RegExp, contentType = ''): string | undefined {
  if (!type.test(contentType)) return undefined
  const [, quoted, plain] = /; *boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? []
  return quoted ?? plain ?? ''
}

const delimiterOf = (boundary: string): Buffer => Buffer.from(`\r\n--${boundary}`, 'latin1')

/** Splits a form as it arrives (RFC 2046 section 5.1). It holds no more than the delimiter between two parts, and one piece of its body. */
export class FormReader {
  readonly #pull: Pull
  #delimiter: Buffer
  /** The delimiter of the form, while inside a part that has parts itself. */
  #outer: Buffer | undefined
  // There need not be a line before the first delimiter.
  #held: Buffer = Buffer.from('\r\n')
  #status: 'within a part' | 'behind a delimiter' | 'over' = 'within a part'
  #isFile = false
  #end: BodyEnd | undefined
  #parts = 0
  #others = 0

  constructor(pull: Pull, boundary: string) {
    this.#pull = pull
    this.#delimiter = delimiterOf(boundary)
  }

  /** The next part, however much of the one before was read; `over` after the last, `cut` if the connection broke. */
  async next(): Promise<FormPart | 'over' | 'cut' | Refusal> {
    while (this.#status === 'within a part') {
      const piece = await this.#piece()
      if (piece === 'ended') return this.#early
      if (piece !== 'delimiter' && !this.#isFile) this.#others += piece.length
      if (this.#others > MOST_OTHER_BYTES) return tooMuch
    }
    if (this.#status === 'over') return 'over'
    while (this.#held.length < 2) if (!(await this.#more())) return this.#early
    if (this.#held.toString('latin1', 0, 2) === '--') {
      if (this.#outer !== undefined) return await this.#within(this.#outer, undefined)
      this.#status = 'over'
      return 'over'
    }
    if (++this.#parts > MOST_PARTS) return tooMuch
    const heads = await this.#heads()
    if (typeof heads === 'string' || 'code' in heads) return heads
    if (!/^(?:7bit|8bit|binary)?$/i.test(heads.get('content-transfer-encoding') ?? '')) return encoded
    const inner = this.#outer === undefined ? boundaryIn(MIXED, heads.get('content-type')) : undefined
    if (inner) {
      // There need not be a line before the first delimiter.
      this.#held = Buffer.concat([Buffer.from('\r\n'), this.#held])
      return await this.#within(delimiterOf(inner), this.#delimiter)
    }
    const name = fileNameIn(heads.get('content-disposition') ?? '')
    this.#status = 'within a part'
    this.#isFile = name !== undefined
    return { name }
  }

  /**
   * The rest of the part found by `next`, each piece valid until the next is requested. Throws `SourceFailed` if the form ends within
   * it.
   */
  async *bytes(): AsyncGenerator<Uint8Array, void> {
    while (this.#status === 'within a part') {
      const piece = await this.#piece()
      if (piece === 'ended') throw new SourceFailed(cutShort)
      if (piece !== 'delimiter') yield piece
    }
  }

  /**
   * Continues at the next delimiter: of the parts of one part (several files in one field, as older curls send them), or of the form
   * again.
   */
  async #within(delimiter: Buffer, outer: Buffer | undefined): Promise<FormPart | 'over' | 'cut' | Refusal> {
    this.#delimiter = delimiter
    this.#outer = outer
    this.#status = 'within a part'
    this.#isFile = false
    return await this.next()
  }

  get #early(): 'cut' | Refusal {
    return this.#end === 'whole' ? malformed : 'cut'
  }

  async #piece(): Promise<Uint8Array | 'delimiter' | 'ended'> {
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter)
      if (at === 0) {
        this.#held = this.#held.subarray(this.#delimiter.length)
        this.#status = 'behind a delimiter'
        return 'delimiter'
      }
      // A possible start of a delimiter waits for the rest.
      const certain = at > 0 ? at : this.#held.length - this.#delimiter.length + 1
      if (certain > 0) {
        const piece = this.#held.subarray(0, certain)
        this.#held = this.#held.subarray(certain)
        return piece
      }
      if (!(await this.#more())) return 'ended'
    }
  }

  /** The headers up to the blank line; the rest of the delimiter's own line is padding. */
  async #heads(): Promise<Map<string, string> | 'cut' | Refusal> {
    const heads = new Map<string, string>()
    let bytes = 0
    for (let count = 0; ; count++) {
      let end = this.#held.indexOf('\r\n')
      while (end < 0) {
        if (bytes + this.#held.length > MOST_HEAD_BYTES) return tooMuch
        if (!(await this.#more())) return this.#early
        end = this.#held.indexOf('\r\n')
      }
      const line = new TextDecoder().decode(this.#held.subarray(0, end))
      bytes += end
      if (bytes > MOST_HEAD_BYTES) return tooMuch
      if (count > 0 && line === '') {
        await this.#beginBytes()
        return heads
      }
      this.#held = this.#held.subarray(end + 2)
      const [, name, value] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
      if (count === 0 ? !/^[ \t]*$/.test(line) : name === undefined) return malformed
      if (name !== undefined) heads.set(name.toLowerCase(), value ?? '')
    }
  }

  /** Skips the blank line, unless the part has none and ends at once. */
  async #beginBytes(): Promise<void> {
    const { length } = this.#delimiter
    while (this.#held.length < length && (await this.#more()));
    if (!this.#held.subarray(0, length).equals(this.#delimiter)) this.#held = this.#held.subarray(2)
  }

  async #more(): Promise<boolean> {
    // The piece is lent only until now.
    const held = Buffer.from(this.#held)
    const piece = this.#end ?? (await this.#pull())
    if (typeof piece === 'string') {
      this.#held = held
      this.#end = piece
      return false
    }
    this.#held =
      held.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([held, piece])
    return true
  }
}

/** Passes each file of a form to `take`, one after the other; the rest of the form is dropped. */
export async function takeFiles<File>(
  body: RequestBody,
  boundary: string,
  take: (name: string, bytes: AsyncGenerator<Uint8Array, void>) => Promise<File>,
): Promise<{ readonly files: readonly File[]; readonly end: 'over' | 'cut' | Refusal }> {
  const pull = async () => {
    const pieces = await body.next()
    return typeof pieces === 'string' ? pieces : Buffer.concat(pieces)
  }
  const reader = new FormReader(pull, boundary)
  const files: File[] = []
  for (;;) {
    const part = await reader.next()
    if (typeof part === 'string' || 'code' in part) return { files, end: part }
    const { name } = part
    if (name === undefined) continue
    const bytes = reader.bytes()
    const first = await bytes.next()
    // No file was chosen (HTML): there is neither a name nor a byte.
    if (name !== '' || first.done !== true) files.push(await take(name, behindFirst(first, bytes)))
  }
}

async function* behindFirst(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  if (first.done === true) return
  yield first.value
  yield* rest
}

const PARAMETER = /; *([\w!#$&+.^`|~-]+)(\*?)=(?:"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"|([^;]*))/g

/** The file name in a `Content-Disposition`, as RFC 6266, browsers, curl and .NET write one; undefined if there is none. */
export function fileNameIn(disposition: string): string | undefined {
  if (!/^(?:form-data|attachment|file) *(?:;|$)/i.test(disposition)) return undefined
  let name: string | undefined
  for (const [, parameter = '', extended, quoted, plain = ''] of disposition.matchAll(PARAMETER)) {
    if (parameter.toLowerCase() !== 'filename') continue
    const exact = extended === '' ? undefined : extendedValue(quoted ?? plain)
    if (exact !== undefined) return exact
    // Browsers encode the three characters that would end a quoted name; curl once used a backslash.
    name ??= (quoted?.replace(/\\(["\\])/g, '$1') ?? plain.trim()).replace(/%(22|0D|0A)/gi, (sign) =>
      decodeURIComponent(sign),
    )
  }
  return name
}

/** `UTF-8''na%C3%AFve.txt` (RFC 8187); undefined for anything else. */
function extendedValue(value: string): string | undefined {
  const [, text] = /^utf-8'[^']*'(.*)$/i.exec(value.trim()) ?? []
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

const malformed: Refusal = {
  code: 'BAD_REQUEST',
  message: 'this is no form that can be understood (multipart/form-data)',
}
const tooMuch: Refusal = { code: 'TOO_LARGE', message: 'there is too much in this form beside its files' }
const encoded: Refusal = {
  code: 'UNSUPPORTED_TYPE',
  message: 'send the files of a form as they are, without Content-Transfer-Encoding',
}
const cutShort: Rejected = rejected('TRANSFER_CUT', 'the form ended before this file did')
