import type { Observable } from 'rxjs'
import type { Batch, KnownId } from '../room/batch.ts'
import type { Erasure } from '../room/erasure.ts'
import type { Entry, PastEvent } from '../room/events.ts'

/** The sequences a room's journal spans. `first` is 1 until old entries have been trimmed. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** The outcome of `append`; an I/O error is a `JournalFailed` instead. */
export type Appended =
  | { readonly status: 'committed' }
  /** Nothing was written, because these ids are in the journal already. */
  | { readonly status: 'duplicate'; readonly known: readonly KnownId[] }
  /** Nothing was written, and a later try may succeed: the disk is full. */
  | { readonly status: 'readOnly'; readonly message: string }
  /**
   * Nothing was written, because a batch does not begin where its room ends: an append before it was not written either, or, in a shared
   * journal, another host came first.
   */
  | { readonly status: 'behind' }

/**
 * Keeps the entries of each room under one dense sequence from 1.
 *
 * Every method rejects with a `JournalFailed` when the store itself fails (I/O error): the host then stops rather than
 * acknowledge entries that may not be kept.
 */
export interface Journal {
  /** Opens the store; idempotent. Nothing else may be called before it resolves. */
  open(): Promise<void>
  /** Keeps all appended entries and lets go of the store; idempotent. */
  close(): Promise<void>

  /**
   * Keeps all batches or none, in one step that a crash cannot halve; resolves only once they would survive a crash of
   * the process (a durable adapter: of the machine). A batch's first sequence is its room's last plus one. Batches without entries are
   * ignored. It may be called again before the last call has resolved: they take effect, and resolve, in the order of the calls, and one behind a
   * call that wrote nothing is `behind` where it continues what that one would have written.
   */
  append(batches: readonly Batch[]): Promise<Appended>

  /** The room's span, or undefined where the room has no entries. */
  span(room: string): Promise<Span | undefined>

  /** The spans of all rooms with entries, by their names. */
  rooms(): Promise<ReadonlyMap<string, Span>>

  /**
   * Entries after the sequence `after`, in order, about `limit` of them (at least one stored batch when there is any, so
   * it can be more), as batches in which every entry's sequence is above `after` and one above the one before it. An empty
   * answer means there are none. Damaged entries are left out and reported, and no others with them: where the sequences of two
   * batches are further apart than one, something is missing, and the reader is told so.
   */
  read(room: string, after: number, limit: number): Promise<readonly Batch[]>

  /**
   * The entries of a room that `isFact` (topic, rules and files), in order, from the beginning. Trimming keeps those that still say something
   * (`RetainedFacts`); others are there for as long as the history that they are in.
   */
  facts(room: string): Promise<readonly Entry[]>

  /**
   * The newest entries of the types `said`, `acted` and `topicSet` texts and file names that have every word of `query`
   * as the beginning of one of their words, whatever case and accents; oldest first, at most `limit`, and no more of them than have
   * `chars` characters together (`historyChars`). Whispers are never found. A damaged hit is `missed`.
   */
  search(room: string, query: string, limit: number, chars: number): Promise<readonly PastEvent[]>

  /** Forgets entries up to the sequence `upTo`, but for facts that last; may keep more where a stored batch reaches over it. */
  trim(room: string, upTo: number): Promise<void>

  /**
   * Replaces the messages that these entries of the room removed by `erased` ones. Once it answers `erased`, the text is neither read nor found,
   * nor in any file of the store, also after a crash of the machine. Facts stay; messages that are trimmed, or erased already, are
   * no error, and an erasure that was carried out costs nothing when it is asked for again. Damaged entries stay as they are and are
   * reported. `readOnly`: the disk is full, and a later try may succeed.
   */
  erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'>
}

/** Old entries of a room that were forgotten. */
export interface Trimmed {
  readonly room: string
  readonly upTo: number
}

/**
 * A journal that other hosts append to as well. One append is of one room: rooms are independent of each other. `behind` also means that
 * another host came first; what it wrote was emitted before the answer.
 */
export interface SharedJournal extends Journal {
  /** Batches of other hosts, in the order of each room, once they can be read here. */
  readonly foreign$: Observable<Batch>
  /** Trims, of whichever host, once they are carried out here. */
  readonly trimmed$: Observable<Trimmed>
  /**
   * Resolves once everything that was committed to the room before the call can be read here and was emitted; where the log
   * cannot be reached, after a moment without it. Answers whether it was.
   */
  caughtUp(room: string): Promise<boolean>
  /** Where several hosts write to a room at once, they take turns: resolves when it is this host's; undefined: now. */
  turn(room: string): Promise<void> | undefined
  /** From now on appends whose outcome is unknown because the log cannot be reached are answered `readOnly`: the host stops. */
  giveUp(): void
}

export const isShared = (journal: Journal): journal is SharedJournal => 'foreign$' in journal

/** The store failed and it is unknown how much it kept; nothing may be acknowledged after it. */
export class JournalFailed extends Error {
  readonly code = 'JOURNAL_BROKEN'
}

/** Another process has the data directory open. `pid` is that process, where it can be told. */
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
