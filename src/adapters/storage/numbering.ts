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

/** Whether each batch of one append continues its room, whose newest sequence `lastOf` answers; `gaps`: or stands anywhere behind its end. */
export const continues = (
  batches: readonly NumberedBatch[],
  lastOf: (room: string) => number | undefined,
  gaps = false,
): boolean => {
  const lasts = new Map<string, number | undefined>()
  return batches.every(({ room, first, last }) => {
    const expected = (lasts.get(room) ?? lastOf(room) ?? 0) + 1
    lasts.set(room, last)
    return first === expected || (gaps && first !== undefined && first > expected)
  })
}

/** The fault of one append in which a command id comes twice. Undefined when there is none. */
export const repeatedIdFault = (batches: readonly NumberedBatch[]): string | undefined => {
  const seen = new Set<string>()
  for (const { room, first, last, ids } of batches) {
    for (const { id } of ids) {
      const key = `${room}\n${id}`
      if (seen.has(key)) return `a command id at ${first} to ${last} comes twice in one append`
      seen.add(key)
    }
  }
  return undefined
}
