import { StringDecoder } from 'node:string_decoder'

/** Most that one event may be long. */
const MOST_CHARS = 1024 * 1024

/** The data of Server-Sent Events, out of bytes that may be split anywhere. Comments and all other fields are passed over. */
export class SseDecoder {
  readonly #utf8 = new StringDecoder('utf8')
  #partial = ''
  #data: string[] = []

  /** What became complete with these bytes. Throws where an event is too long to be one of ours. */
  decode(bytes: Uint8Array): string[] {
    const text = this.#partial + this.#utf8.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const lines = text.split('\n')
    this.#partial = lines.pop() ?? ''
    if (this.#partial.length > MOST_CHARS) throw new Error('an event without an end')
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line) ?? [])
  }

  /** An event ends with an empty line. */
  #line(line: string): string | undefined {
    if (line !== '') {
      if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5))
      return undefined
    }
    if (this.#data.length === 0) return undefined
    const event = this.#data.join('\n')
    this.#data = []
    return event
  }
}
