import type { Batch, CommandId } from '#domain/room/batch.ts'

interface NumberedBatch {
  readonly room: string
  readonly first: number | undefined
  readonly last: number | undefined
  readonly ids: readonly CommandId[]
}

/** The fault of a batch with a gap between its entries; undefined when they are dense. A bug of the caller, as below. */
export const densityFault = ({ entries, first, last }: Batch): string | undefined =>
  last! - first! + 1 === entries.length ? undefined : `a batch of ${entries.length} entries spans ${first} to ${last}`

/**
 * The fault of one append of batches with entries: a batch that does not continue its room, whose newest sequence `lastOf` answers, or a
 * command id that comes twice. Undefined when there is none.
 */
export const numberingFault = (
  batches: readonly NumberedBatch[],
  lastOf: (room: string) => number | undefined,
): string | undefined => {
  const lasts = new Map<string, number | undefined>()
  const seen = new Set<string>()
  for (const { room, first, last, ids } of batches) {
    const expected = (lasts.get(room) ?? lastOf(room) ?? 0) + 1
    if (first !== expected) return `a batch spans ${first} to ${last}; its room continues at ${expected}`
    lasts.set(room, last)
    for (const { id } of ids) {
      const key = `${room}\n${id}`
      if (seen.has(key)) return `a command id at ${first} to ${last} comes twice in one append`
      seen.add(key)
    }
  }
  return undefined
}
