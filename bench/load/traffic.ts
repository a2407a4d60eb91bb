import { Histogram } from './histogram.ts'
import { KIND, type Payloads, senderAt, sequenceAt } from './payload.ts'

/** Content is compared with the sent one on one delivery in so many; order, length and line end on every one. */
const CONTENT_CHECK_EVERY = 16

/**
 * Messages under way in a closed loop, and their deliveries. Throws at the first delivery that is lost, doubled, out of
 * order, changed, or somebody's own.
 */
export class Traffic {
  readonly latency: Histogram = new Histogram()
  readonly #payloads: Payloads
  readonly #senders: number
  readonly #receiversOfEach: number
  readonly #window: number
  readonly #slots: number
  readonly #sequence: Uint32Array
  readonly #inFlight: Uint16Array
  /** For each message on its way: to how many it was delivered, and when it was sent. */
  readonly #delivered: Uint16Array
  readonly #sentAt: Float64Array
  /** For each receiver and sender, the sequence of the newest delivery. */
  readonly #newest: Uint32Array
  readonly #canSend: (sender: number) => void
  #deliveries = 0
  #measureFrom = Number.POSITIVE_INFINITY

  constructor(
    load: { readonly members: number; readonly senders: number; readonly window: number },
    payloads: Payloads,
    canSend: (sender: number) => void,
  ) {
    const { members, senders, window } = load
    this.#payloads = payloads
    this.#senders = senders
    this.#receiversOfEach = members - 1
    this.#window = window
    this.#slots = 2 ** Math.ceil(Math.log2(window * 2))
    this.#sequence = new Uint32Array(senders)
    this.#inFlight = new Uint16Array(senders)
    this.#delivered = new Uint16Array(senders * this.#slots)
    this.#sentAt = new Float64Array(senders * this.#slots)
    this.#newest = new Uint32Array(members * senders)
    this.#canSend = canSend
  }

  get deliveries(): number {
    return this.#deliveries
  }

  get sent(): number {
    return this.#sequence.reduce((sum, sequence) => sum + sequence, 0)
  }

  get underWay(): number {
    return this.#inFlight.reduce((sum, count) => sum + count, 0)
  }

  /** Messages sent at `from` or later count for the latency. */
  measure(from: number): void {
    this.#measureFrom = from
  }

  /** The sequences that this sender may send now: `[first, count]`. */
  take(sender: number, now: number): [first: number, count: number] {
    const count = this.#window - (this.#inFlight[sender] as number)
    const first = (this.#sequence[sender] as number) + 1
    for (let seq = first; seq < first + count; seq++) this.#sentAt[this.#slot(sender, seq)] = now
    this.#sequence[sender] = first + count - 1
    this.#inFlight[sender] = this.#window
    return [first, count]
  }

  /** A payload that stands at `at` has come to `receiver`. */
  deliver(receiver: number, bytes: Buffer, at: number, now: number): void {
    const sender = senderAt(bytes, at)
    const seq = sequenceAt(bytes, at)
    if (bytes[at] !== KIND.message || !(sender < this.#senders) || sender === receiver)
      throw new Error(`member ${receiver} got a line that nobody else has sent`)
    const row = receiver * this.#senders + sender
    const expected = (this.#newest[row] as number) + 1
    if (seq !== expected)
      throw new Error(`member ${receiver} got line ${seq} of member ${sender} where line ${expected} was next`)
    this.#newest[row] = seq
    this.#deliveries += 1
    if (this.#deliveries % CONTENT_CHECK_EVERY === 0 && !this.#payloads.isWhole(bytes, at, sender, seq))
      throw new Error(`line ${seq} of member ${sender} came to member ${receiver} changed`)
    const slot = this.#slot(sender, seq)
    const sentAt = this.#sentAt[slot] as number
    if (sentAt >= this.#measureFrom) this.latency.add(now - sentAt)
    const delivered = (this.#delivered[slot] as number) + 1
    if (delivered < this.#receiversOfEach) {
      this.#delivered[slot] = delivered
      return
    }
    this.#delivered[slot] = 0
    this.#inFlight[sender]! -= 1
    this.#canSend(sender)
  }

  #slot(sender: number, seq: number): number {
    return sender * this.#slots + (seq & (this.#slots - 1))
  }
}
