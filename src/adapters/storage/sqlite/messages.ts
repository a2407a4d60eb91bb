import type { Appended, Span } from '#domain/ports/journal.ts'
import type { LogFields } from '#domain/ports/system.ts'
import type { CommandId } from '#domain/room/batch.ts'

/** One batch on its way to the worker. `length` is its share of the bytes that travel beside it. */
export interface NewRow {
  readonly room: string
  readonly first: number
  readonly last: number
  readonly facts: boolean
  readonly ids: readonly CommandId[]
  readonly length: number
}

/** The rows' packed entries lie in `bytes` one after the other: one buffer is moved, not one for each row. */
export interface NewRows {
  readonly rows: readonly NewRow[]
  readonly bytes: Uint8Array
}

export interface StoredRows {
  readonly rows: readonly { readonly first: number; readonly last: number; readonly length: number }[]
  readonly bytes: Uint8Array
}

/** What the main thread asks of the worker, and what it gets. */
export interface Calls {
  open: { asks: undefined; gets: undefined }
  append: { asks: NewRows; gets: Appended }
  span: { asks: string; gets: Span | undefined }
  rooms: { asks: undefined; gets: ReadonlyMap<string, Span> }
  read: { asks: { room: string; after: number; limit: number }; gets: StoredRows }
  /** One page of rows with facts, from the sequence `from` on; an empty page is the end. */
  facts: { asks: { room: string; from: number }; gets: StoredRows }
  /** Sequences of the entries that match, oldest first. */
  search: { asks: { room: string; words: readonly string[]; limit: number }; gets: readonly number[] }
  /** One page of the rows that hold these sequences, which rise; an empty page is the end. */
  holding: { asks: { room: string; seqs: readonly number[] }; gets: StoredRows }
  trim: { asks: { room: string; upTo: number }; gets: undefined }
  close: { asks: undefined; gets: undefined }
}

export type CallName = keyof Calls

export type Request = {
  readonly [Name in CallName]: { readonly id: number; readonly name: Name; readonly asks: Calls[Name]['asks'] }
}[CallName]

/** `broken`: the store. `bug`: the caller's numbering. `inUse` and `tooNew`: only from `open`. */
export type FailureKind = 'broken' | 'bug' | 'inUse' | 'tooNew'

export interface Failure {
  readonly kind: FailureKind
  readonly message: string
  /** The SQLite result code, where it was SQLite that failed. */
  readonly sqliteCode: number | undefined
}

export type Answer =
  | { readonly type: 'done'; readonly id: number; readonly gets: unknown }
  /** A damaged place was met, and has been told of in the log. */
  | { readonly type: 'damaged' }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  | {
      readonly type: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly what: string
      readonly fields: LogFields
    }

export interface WorkerOptions {
  readonly directory: string
  readonly freeSpaceFloorBytes: number | undefined
}
