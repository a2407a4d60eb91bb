import type { PastEvent } from '#domain/room/events.ts'
import { lineOf } from '#server/connection/event-line.ts'
import { fileLine, type LinkOf } from '#server/connection/wording.ts'

/** Entries as people read them again: own lines too, and a file as its line. */
export const entryLines = (entries: readonly PastEvent[], linkOf: LinkOf | undefined): string[] =>
  entries
    .map((entry) =>
      entry.type === 'fileCompleted' ? fileLine(entry.by.name, entry.file, linkOf) : lineOf(entry).trimEnd(),
    )
    .filter((line) => line !== '')
