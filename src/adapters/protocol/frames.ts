import { type Rejected, rejected } from '#domain/errors.ts'

/** The first bytes of a connection in frames: 0xf5, 'TAM'. 0xf5 begins no UTF-8 character, so no line of text can start like this. */
export const FRAMES_MAGIC: Uint8Array = Uint8Array.of(0xf5, 0x54, 0x41, 0x4d)

const HEADER_BYTES = 4
/** The first size of a frame's buffer: a declared length costs nothing until its bytes come (C33). */
const FIRST_BYTES = 256

/** A message as a frame: its length in 4 bytes, big endian, and the message. */
export function joinFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + message.length)
  new DataView(frame.buffer).setUint32(0, message.length)
  frame.set(message, HEADER_BYTES)
  return frame
}

/** Cuts the incoming bytes, however split on the way, into the messages of their frames. */
export class FrameSplitter {
  readonly #maxBytes: number
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  #length = 0
  #body = new Uint8Array(0)
  #bodyBytes = 0
  #fault: Rejected | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Why nothing more comes out: a frame is empty, or longer than it may be. */
  get fault(): Rejected | undefined {
    return this.#fault
  }

  /** A frame has begun that has not ended yet. */
  get partial(): boolean {
    return this.#headerBytes > 0
  }

  /** The messages that `chunk` completes, in order; whole ones are views on it. Those before a fault still come. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const messages: Uint8Array[] = []
    let at = 0
    while (at < chunk.length && this.#fault === undefined) {
      if (this.#headerBytes < HEADER_BYTES) {
        this.#header[this.#headerBytes++] = chunk[at++] as number
        if (this.#headerBytes === HEADER_BYTES) this.#begin()
        continue
      }
      const missing = this.#length - this.#bodyBytes
      const part = chunk.subarray(at, at + missing)
      at += part.length
      if (this.#bodyBytes === 0 && part.length === missing) messages.push(this.#end(part))
      else if (this.#add(part) === this.#length) messages.push(this.#end(this.#body.subarray(0, this.#length)))
    }
    return messages
  }

  #begin(): void {
    this.#length = new DataView(this.#header.buffer).getUint32(0)
    if (this.#length === 0) this.#fault = rejected('BAD_MESSAGE', 'a frame is empty')
    if (this.#length > this.#maxBytes)
      this.#fault = rejected('BAD_MESSAGE', `a frame is longer than ${this.#maxBytes} bytes`)
  }

  #add(part: Uint8Array): number {
    const needed = this.#bodyBytes + part.length
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(FIRST_BYTES, 2 * needed)))
      grown.set(this.#body.subarray(0, this.#bodyBytes))
      this.#body = grown
    }
    this.#body.set(part, this.#bodyBytes)
    this.#bodyBytes = needed
    return needed
  }

  #end(message: Uint8Array): Uint8Array {
    this.#headerBytes = 0
    this.#bodyBytes = 0
    this.#body = new Uint8Array(0)
    return message
  }
}
