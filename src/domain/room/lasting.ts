import type { Entry } from './events.ts'

/** So many files that were once whole and are gone are remembered, for no bundle to bring them back. */
const MOST_GONE = 10_000

/** Sequences of what is known of one file. */
interface FileFacts {
  readonly status: 'offered' | 'whole'
  readonly seq: number
  /** The first of each name. */
  readonly receipts: Map<string, number>
}

/**
 * Which of a room's facts still say something, so that what is kept of a room has an end however long it lives: the newest topic; of each file
 * that it is on its way, or that it is whole and who has it; of one that was whole and is gone, that it is; what was laid down. Of an upload that
 * never became whole and was withdrawn, nothing.
 */
export class LastingFacts {
  readonly #seqs = new Set<number>()
  readonly #files = new Map<string, FileFacts>()
  /** Sequences of withdrawals, in order. */
  readonly #gone = new Set<number>()
  #topic: number | undefined

  /** Takes the room's facts, in their order. */
  take(fact: Entry): void {
    switch (fact.type) {
      case 'topicSet':
        if (this.#topic !== undefined) this.#seqs.delete(this.#topic)
        this.#topic = fact.seq
        this.#seqs.add(fact.seq)
        return
      case 'fileOffered':
      case 'fileCompleted':
        this.#forget(fact.file.id)
        this.#files.set(fact.file.id, {
          status: fact.type === 'fileCompleted' ? 'whole' : 'offered',
          seq: fact.seq,
          receipts: new Map(),
        })
        this.#seqs.add(fact.seq)
        return
      case 'fileReceived': {
        const file = this.#files.get(fact.file.id)
        if (file?.status !== 'whole' || file.receipts.has(fact.by.name)) return
        file.receipts.set(fact.by.name, fact.seq)
        this.#seqs.add(fact.seq)
        return
      }
      case 'fileWithdrawn': {
        const status = this.#forget(fact.file.id)
        // Where only the withdrawal is left, it was kept because the file had been whole.
        if (status !== 'offered') this.#remember(fact.seq)
        return
      }
      default:
        this.#seqs.add(fact.seq)
    }
  }

  has(seq: number): boolean {
    return this.#seqs.has(seq)
  }

  /** Answers what it was until now. */
  #forget(id: string): FileFacts['status'] | undefined {
    const file = this.#files.get(id)
    if (file === undefined) return undefined
    this.#files.delete(id)
    for (const seq of [file.seq, ...file.receipts.values()]) this.#seqs.delete(seq)
    return file.status
  }

  #remember(seq: number): void {
    this.#seqs.add(seq)
    this.#gone.add(seq)
    if (this.#gone.size <= MOST_GONE) return
    const [oldest] = this.#gone
    if (oldest === undefined) return
    this.#gone.delete(oldest)
    this.#seqs.delete(oldest)
  }
}
