import { type BatchMessage, type Message, NO_SEAL } from './message.ts'

/** A message of the stream, with its sequence there; without content where it is none of ours. */
export interface Placed {
  readonly seq: number
  readonly message: Message | undefined
}

/**
 * What a message is to its room. `batch`: its next one. `out`: seen before, or it does not fit, and every node leaves it out. `gap`: entries between
 * those that are here and it are missing, and no trim explains that: nothing was taken.
 */
export type Verdict =
  | { readonly type: 'batch'; readonly message: BatchMessage }
  | { readonly type: 'trim'; readonly upTo: number }
  | { readonly type: 'out'; readonly isVoid: boolean }
  | { readonly type: 'gap' }

const KNOWN: Verdict = { type: 'out', isVoid: false }
const VOID: Verdict = { type: 'out', isVoid: true }

/** How far a room's log has been read: the messages of its subjects, in the order of the stream. */
export class RoomLog {
  #at = 0
  #last: number
  #trimmed = 0
  /** The seal of the newest batch; undefined where this process has not read it. */
  #head: Uint8Array | undefined

  /** `last`: of the entries that are here already. */
  constructor(last: number) {
    this.#last = last
    this.rewind()
  }

  /** Stream sequence of the room's newest message that was judged; 0 where none was. */
  get at(): number {
    return this.#at
  }

  /** Sequence of the newest entry. */
  get last(): number {
    return this.#last
  }

  /** What the next batch goes on from. */
  get head(): Uint8Array | undefined {
    return this.#head
  }

  /** Reads the messages from the first on; those that are here already are known. */
  rewind(): void {
    this.#at = 0
    this.#head = this.#last === 0 ? NO_SEAL : undefined
  }

  /** The room's history begins behind this sequence at the earliest. */
  trimmed(upTo: number): void {
    this.#trimmed = Math.max(this.#trimmed, upTo)
  }

  /** Takes the seal of the newest entry's batch, where it is that one. */
  goOnFrom({ last, seal }: BatchMessage): void {
    if (last === this.#last) this.#head ??= seal
  }

  /** Whether a message is the room's next batch: only that may be believed wherever it comes from, since nobody else can have sealed it. */
  fits(message: Message | undefined): boolean {
    if (message?.type !== 'batch' || message.first !== this.#last + 1) return false
    return this.#head !== undefined && isSame(message.previous, this.#head)
  }

  /** `gaps`: whether missing entries are accepted as lost. */
  judge({ seq, message }: Placed, gaps: 'found' | 'accepted' = 'found'): Verdict {
    if (seq <= this.#at) return KNOWN
    if (message?.type === 'batch') return this.#judgeBatch(seq, message, gaps)
    this.#at = seq
    if (message === undefined) return VOID
    this.trimmed(message.upTo)
    return message
  }

  #judgeBatch(seq: number, message: BatchMessage, gaps: 'found' | 'accepted'): Verdict {
    const { first, last, previous, seal } = message
    const isFurther = first > this.#last + 1
    if (isFurther && gaps === 'found' && first > this.#trimmed + 1) return { type: 'gap' }
    this.#at = seq
    if (first <= this.#last) {
      const isKnown = this.#head === undefined
      if (isKnown) this.goOnFrom(message)
      return isKnown ? KNOWN : VOID
    }
    if (!isFurther && this.#head !== undefined && !isSame(previous, this.#head)) return VOID
    this.#last = last
    this.#head = seal
    return { type: 'batch', message }
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
