import type { Entry } from '#domain/room/events.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'

/** Everything that is in the journal of a room, read by another process than the one that wrote it, in which nothing was amiss. */
export async function everythingKept(directory: string, room = 'lobby'): Promise<Entry[]> {
  const log = new CollectedLog()
  const journal = new SqliteJournal({ directory, log })
  await journal.open()
  const found: Entry[] = []
  for (;;) {
    const page = await journal.read(room, found.at(-1)?.seq ?? 0, 10_000)
    if (page.length === 0) break
    for (const { entries } of page) for (const entry of entries) found.push(entry)
  }
  await journal.close()
  log.assertQuiet()
  return found
}
