import type { Observable } from 'rxjs'
import type { Batch, KnownId } from '../room/batch.ts'
import type { Erasure } from '../room/erasure.ts'
import type { Entry, PastEvent } from '../room/events.ts'

/** The range of sequences in a room's journal. `first` is 1 until old entries have been trimmed. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** The outcome of `append`; an I/O error is a `JournalFailed` instead. */
export type Appended =
  | { readonly status: 'committed' }
  /** Nothing was written, because the journal already has these ids. */
  | { readonly status: 'duplicate'; readonly known: readonly KnownId[] }
  /** Nothing was written, and a later try may succeed: the disk is full. */
  | { readonly status: 'readOnly'; readonly message: string }
  /**
   * Nothing was written, because a batch does not begin where its room ends: an append before it was not written either, or, in a shared
   * journal, another host came first.
   */
  | { readonly status: 'behind' }

/**
 * Keeps the entries of each room under one dense sequence from 1. Every method rejects with a `JournalFailed` if the store itself fails
 * (I/O error): the host then stops rather than acknowledge entries that may be lost.
 */
export interface Journal {
  /** Opens the store; idempotent. Nothing else may be called before it resolves. */
  open(): Promise<void>
  /** Keeps all appended entries and closes the store; idempotent. */
  close(): Promise<void>

  /**
   * Keeps all batches or none, in one step that a crash cannot divide. Resolves once they would survive a crash of the process (with a
   * durable adapter: of the machine). A batch's first sequence is its room's last plus one. Batches without entries are ignored. It may
   * be called again before it has resolved: calls take effect, and resolve, in their order, and a call that continues one that wrote
   * nothing is answered `behind`.
   */
  append(batches: readonly Batch[]): Promise<Appended>

  /** The room's span, or undefined for a room without entries. */
  span(room: string): Promise<Span | undefined>

  /** The spans of all rooms with entries, by their names. */
  rooms(): Promise<ReadonlyMap<string, Span>>

  /**
   * Entries after the sequence `after`, in order, about `limit` of them (at least one stored batch if there is any, so it can be more),
   * as batches in which the sequences rise by one from above `after`. Empty if there are none. Damaged entries are left out and
   * reported, but no others with them: a gap between the sequences of two batches means that something is missing, and the reader is
   * told.
   */
  read(room: string, after: number, limit: number): Promise<readonly Batch[]>

  /**
   * The facts of a room (`isFact`: topic, rules and files), in order, from the beginning. Trimming keeps those that still matter
   * (`RetainedFacts`); others stay as long as the history around them.
   */
  facts(room: string): Promise<readonly Entry[]>

  /**
   * The newest entries of the types `said`, `acted` and `topicSet`, texts and file names, that have every word of `query` at the start
   * of one of their words, whatever case and accents. Oldest first, at most `limit`, with at most `chars` characters together
   * (`historyChars`). Whispers are never found. A damaged hit is `missed`.
   */
  search(room: string, query: string, limit: number, chars: number): Promise<readonly PastEvent[]>

  /** Forgets entries up to the sequence `upTo`, except facts that still matter. May keep more when a stored batch reaches beyond it. */
  trim(room: string, upTo: number): Promise<void>

  /**
   * Replaces the messages that these entries of the room removed by `erased` entries. Once it answers `erased`, the text can be neither
   * read nor found, and is in no file of the store, even after a crash of the machine. Facts stay. Messages that are trimmed or erased
   * already are no error, and repeating an erasure costs nothing. Damaged entries stay as they are and are reported. `readOnly`: the
   * disk is full, and a later try may succeed.
   */
  erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'>
}

/** Old entries of a room were trimmed. */
export interface Trimmed {
  readonly room: string
  readonly upTo: number
}

/**
 * A journal that other hosts append to as well. Each append is for one room, and rooms are independent of each other. `behind` also
 * means that another host came first; its batch was emitted before the answer.
 */
export interface SharedJournal extends Journal {
  /** Batches of other hosts, in the order of each room, once they can be read here. */
  readonly foreign$: Observable<Batch>
  /** Trims by any host, once they are carried out here. */
  readonly trimmed$: Observable<Trimmed>
  /**
   * Resolves once everything committed to the room before the call can be read here and was emitted. If the log cannot be reached, it
   * resolves after a moment without that. Answers whether it caught up.
   */
  caughtUp(room: string): Promise<boolean>
  /** When several hosts write to a room at once, they take turns: resolves when it is this host's turn; undefined: now. */
  turn(room: string): Promise<void> | undefined
  /** From now on, appends with an unknown outcome because the log cannot be reached are answered `readOnly`: the host stops. */
  giveUp(): void
}

export const isShared = (journal: Journal): journal is SharedJournal => 'foreign$' in journal

/** The store failed and it is unknown how much it kept; nothing may be acknowledged afterwards. */
export class JournalFailed extends Error {
  readonly code = 'JOURNAL_BROKEN'
}

/** Another process has the data directory open. `pid` is that process, if known. */
export class DirectoryInUse extends Error {
  readonly code = 'DIRECTORY_IN_USE'
  readonly pid: number | undefined

  constructor(directory: string, pid: number | undefined) {
    super(
      `${directory} is in use${pid === undefined ? '' : ` by tamtam pid ${pid}`}; stop that one or choose another with --data`,
    )
    this.pid = pid
  }
}
