import { crc32 } from 'node:zlib'
import type { CommandId } from '#domain/room/batch.ts'

/** What a stored row is for: chat, something with facts in it, or the facts that trimming kept. */
export const KIND = { chat: 0, facts: 1, kept: 2 } as const

/** One batch of one room as it is stored. */
export interface Row {
  readonly first: number
  readonly last: number
  readonly kind: number
  readonly room: string
  /** `[[id, seq], …]` as JSON, or null where there are none. */
  readonly ids: string | null
  readonly bytes: Uint8Array
  readonly checksum: number
  /** What each entry of several answers for itself with (records.ts); null for one alone, and in rows of before. */
  readonly sums: Uint8Array | null
}

/** A row whose checksum may not hold: any column may be anything. */
export type UncheckedRow = { readonly [Column in keyof Row]: unknown }

/** SQLite's integers may exceed what a number holds where a row is damaged, which node:sqlite throws on; reals do not. */
export const ROW_COLUMNS =
  'key & 0xffffffffff AS first, CAST(last AS REAL) AS last, CAST(kind AS REAL) AS kind, room, ids, bytes, CAST(checksum AS REAL) AS checksum, sums'
/**
 * `key` of a room and a sequence; the shift makes integers of what JavaScript binds as reals. Each `?` is a value of its own:
 * the node:sqlite of Node 22.18 takes numbered ones for names, and binds nothing to them.
 */
export const KEY = '((? << 40) | ?)'
export const KEY_OF_ROOM_START = '(? << 40)'
export const KEY_OF_ROOM_END = '((? << 40) | 0xffffffffff)'

export const checksumOf = (row: Omit<Row, 'checksum' | 'sums'>): number =>
  crc32(row.bytes, crc32(`${row.room}\n${row.first}\n${row.last}\n${row.kind}\n${row.ids ?? ''}`))

export const isWhole = (row: UncheckedRow): row is Row =>
  typeof row.room === 'string' &&
  typeof row.first === 'number' &&
  typeof row.last === 'number' &&
  typeof row.kind === 'number' &&
  (row.ids === null || typeof row.ids === 'string') &&
  row.bytes instanceof Uint8Array &&
  row.checksum === checksumOf(row as Row)

export const packIds = (ids: readonly CommandId[]): string | null =>
  ids.length === 0 ? null : JSON.stringify(ids.map(({ id, seq }) => [id, seq]))

/** Only for the ids of a whole row. */
export const unpackIds = (ids: string | null): readonly (readonly [id: string, seq: number])[] =>
  ids === null ? [] : JSON.parse(ids)
