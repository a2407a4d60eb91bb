import type { Appended, Span } from '#domain/ports/journal.ts'
import type { Log, LogFields } from '#domain/ports/system.ts'
import { Batch, type CommandId, type KnownId } from '#domain/room/batch.ts'
import type { Erasure } from '#domain/room/erasure.ts'
import { isFact } from '#domain/room/facts.ts'
import { BadEntries, packEntries, unpackEntries } from '#protocol/journal-format.ts'
import { densityFault } from '../numbering.ts'
import type { Row } from './rows.ts'

/** One batch on its way to the worker. `length` is its share of the bytes beside it. */
export interface NewRow {
  readonly room: string
  readonly first: number
  readonly last: number
  readonly facts: boolean
  readonly ids: readonly CommandId[]
  readonly length: number
}

/** `bytes` holds the packed entries of all rows in order: one buffer is transferred instead of one for each row. */
export interface NewRows {
  readonly rows: readonly NewRow[]
  readonly bytes: Uint8Array
}

export interface StoredRows {
  readonly rows: readonly { readonly first: number; readonly last: number; readonly length: number }[]
  readonly bytes: Uint8Array
}

/** The calls of the main thread to the worker: arguments and results. */
export interface Calls {
  open: { args: WorkerOptions; result: undefined }
  append: { args: NewRows; result: Appended }
  known: { args: { room: string; ids: readonly CommandId[] }; result: readonly KnownId[] }
  sync: { args: undefined; result: boolean }
  span: { args: string; result: Span | undefined }
  rooms: { args: undefined; result: ReadonlyMap<string, Span> }
  read: { args: { room: string; after: number; limit: number }; result: StoredRows }
  /** One page of rows with facts, from the sequence `from` on; an empty page is the end. */
  facts: { args: { room: string; from: number }; result: StoredRows }
  /** Sequences of the matching entries, oldest first. */
  search: { args: { room: string; words: readonly string[]; limit: number }; result: readonly number[] }
  /** One page of the rows that hold these sequences, in ascending order; an empty page is the end. */
  holding: { args: { room: string; seqs: readonly number[] }; result: StoredRows }
  trim: { args: { room: string; upTo: number }; result: undefined }
  erase: { args: { room: string; erasures: readonly Erasure[] }; result: 'erased' | 'readOnly' }
  close: { args: undefined; result: undefined }
}

export type CallName = keyof Calls

export type Request = {
  readonly [Name in CallName]: { readonly id: number; readonly name: Name; readonly args: Calls[Name]['args'] }
}[CallName]

/** `broken`: the store failed. `bug`: the caller's numbering is wrong. `inUse` and `tooNew`: only from `open`. */
export type FailureKind = 'broken' | 'bug' | 'inUse' | 'tooNew'

export interface Failure {
  readonly kind: FailureKind
  readonly message: string
  /** The SQLite result code of a failure of SQLite. */
  readonly sqliteCode: number | undefined
}

export type Answer =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  /** The worker met a damaged place and has logged it. */
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
  readonly isCopy?: boolean
}

/** Packs batches with entries for the worker. The bytes are copied: the cached encoding is shared with other receivers. */
export const packRows = (batches: readonly Batch[]): NewRows => {
  const parts = batches.map((batch) => batch.encoded(packEntries))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  const rows = batches.map((batch, index) => {
    const part = parts[index]!
    bytes.set(part, at)
    at += part.length
    return toRow(batch, part.length)
  })
  return { rows, bytes }
}

const toRow = (batch: Batch, length: number): NewRow => {
  const fault = densityFault(batch)
  if (fault !== undefined) throw new RangeError(fault)
  const { room, entries, ids, first, last } = batch
  return { room, first: first!, last: last!, facts: entries.some(isFact), ids, length }
}

/** The batches of stored rows, without entries up to `after`. A batch that cannot be unpacked is left out and reported. */
export const unpackRows = (room: string, { rows, bytes }: StoredRows, after: number, log: Log): Batch[] => {
  const batches: Batch[] = []
  let at = 0
  for (const { first, length } of rows) {
    const part = bytes.subarray(at, at + length)
    at += length
    try {
      const batch = unpackEntries(room, part)
      batches.push(
        first > after
          ? batch
          : new Batch(
              room,
              batch.entries.filter(({ seq }) => seq > after),
            ),
      )
    } catch (error) {
      if (!(error instanceof BadEntries)) throw error
      log.error('a stored batch cannot be unpacked and is left out', { room, first, error: error.message })
    }
  }
  return batches
}

/** Puts the rows' bytes into one buffer, for the transfer to another thread. */
export const toStoredRows = (rows: readonly Row[]): StoredRows => {
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.bytes.length, 0))
  let at = 0
  for (const row of rows) {
    bytes.set(row.bytes, at)
    at += row.bytes.length
  }
  return { rows: rows.map(({ first, last, bytes: { length } }) => ({ first, last, length })), bytes }
}
