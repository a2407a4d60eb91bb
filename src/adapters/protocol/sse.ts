/** Server-Sent Events (text/event-stream), for hosts and clients. */

export const SSE_TYPE = 'text/event-stream'

/** A comment: shows that the stream is alive while nothing happens. */
export const SSE_PULSE = ': \n\n'

/** One event. `data` is a single line; `id`: sent back as Last-Event-ID by a reader that reconnects. */
export const sseEvent = (data: string, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`

/** Most that one event may be long. */
const MOST_CHARS = 1024 * 1024

/** The data of events, out of bytes that may be split anywhere. Comments and all other fields are passed over. */
export class SseDecoder {
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  #partial = ''
  #data: string[] = []

  /** The events that these bytes complete. Throws where an event is longer than a host sends. */
  decode(bytes: Uint8Array): string[] {
    const text = this.#partial + this.#utf8.decode(bytes, { stream: true })
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
