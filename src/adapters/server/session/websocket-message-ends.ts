const FINAL = 0x80
const CONTROL = 0x08
const MASKED = 0x80
const TWO_BYTES = 126
const EIGHT_BYTES = 127
const LONGEST_HEAD = 14

/** Where the messages of a WebSocket end (RFC 6455, section 5.2), for their time: what is in them, and whether they may be so, is for ws. */
export class MessageEnds {
  readonly #head = new Uint8Array(LONGEST_HEAD)
  #headBytes = 0
  #payloadBytes = 0
  /** Between two pieces of one message. */
  #within = false

  /** A message has begun and not ended. */
  get partial(): boolean {
    return this.#within || this.#headBytes > 0
  }

  /** Whether a message ended here. What is sent between the pieces of one, a ping say, gives that one no more time. */
  push(chunk: Uint8Array): boolean {
    let ended = false
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadBytes > 0) {
        const taken = Math.min(this.#payloadBytes, chunk.length - at)
        this.#payloadBytes -= taken
        at += taken
      } else {
        this.#head[this.#headBytes++] = chunk[at++] ?? 0
        if (this.#headBytes < this.#headSize()) continue
        this.#payloadBytes = this.#length()
      }
      if (this.#payloadBytes > 0) continue
      this.#headBytes = 0
      const first = this.#head[0] ?? 0
      if ((first & CONTROL) === 0) this.#within = (first & FINAL) === 0
      if (!this.#within) ended = true
    }
    return ended
  }

  #headSize(): number {
    if (this.#headBytes < 2) return 2
    const second = this.#head[1] ?? 0
    const short = second & ~MASKED
    const length = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0
    return 2 + length + ((second & MASKED) === 0 ? 0 : 4)
  }

  #length(): number {
    const view = new DataView(this.#head.buffer)
    const short = view.getUint8(1) & ~MASKED
    if (short === TWO_BYTES) return view.getUint16(2)
    return short === EIGHT_BYTES ? Number(view.getBigUint64(2)) : short
  }
}
