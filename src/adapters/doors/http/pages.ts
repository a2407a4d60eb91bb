import type { LocalSession } from '../../../domain/engine/local-session.ts'
import { isEntry, type PastEvent, within } from '../../../domain/room/events.ts'

/** At most `limit` entries, and what is missing between them, after `after`, and before `before` where that is given, oldest first. */
export async function pageAfter(
  session: LocalSession,
  after: number,
  before: number | undefined,
  limit: number,
): Promise<readonly PastEvent[]> {
  const events = await session.read(after, limit)
  return before === undefined ? events : within(events, after + 1, before - 1)
}

/** The newest `limit` entries before `before`, and what is missing between them, oldest first. */
export async function pageBefore(session: LocalSession, before: number, limit: number): Promise<readonly PastEvent[]> {
  let found: readonly PastEvent[] = []
  let count = 0
  // What is for others is not seen and leaves pages short: each further step looks twice as far back.
  for (let upTo = before - 1, reach = limit; upTo > 0 && count < limit; reach *= 2) {
    const after = Math.max(0, upTo - reach)
    const events = within(await session.read(after, upTo - after), after + 1, upTo)
    found = [...events, ...found]
    count += events.filter(isEntry).length
    upTo = after
  }
  if (count < limit) return found
  // What is missing before the first of them belongs to the page before.
  const entries = found.filter(isEntry)
  return found.slice(found.indexOf(entries[entries.length - limit] as PastEvent))
}
