import type { Log } from '#domain/ports/system.ts'
import { Batch } from '#domain/room/batch.ts'
import { isFact } from '#domain/room/events.ts'
import { BadEntries, packEntries, unpackEntries } from '#protocol/journal-format.ts'
import type { NewRow, NewRows, StoredRows } from './messages.ts'

/** What the worker gets of batches with entries. The bytes are copied: the encoding is shared with other receivers. */
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
  const { room, entries, ids } = batch
  const first = batch.first!
  const last = batch.last!
  if (last - first + 1 !== entries.length) {
    throw new RangeError(`a batch of ${entries.length} entries spans ${first} to ${last}`)
  }
  return { room, first, last, facts: entries.some(isFact), ids, length }
}

/** The batches of stored rows, cut off below `after`. One that cannot be unpacked is left out and reported. */
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
