import type { LocalSession } from '../../../domain/engine/local-session.ts'
import type { Entry } from '../../../domain/room/events.ts'

/** At most `limit` entries after `after`, and before `before` where that is given, oldest first. */
export async function pageAfter(
  session: LocalSession,
  after: number,
  before: number | undefined,
  limit: number,
): Promise<readonly Entry[]> {
  const entries = await session.read(after, limit)
  return before === undefined ? entries : entries.filter(({ seq }) => seq < before)
}

/** The newest `limit` entries before `before`, oldest first. */
export async function pageBefore(session: LocalSession, before: number, limit: number): Promise<readonly Entry[]> {
  let found: readonly Entry[] = []
  // What is for others is not seen and leaves pages short: each further step looks twice as far back.
  for (let upTo = before - 1, reach = limit; upTo > 0 && found.length < limit; reach *= 2) {
    const after = Math.max(0, upTo - reach)
    const entries = await session.read(after, upTo - after)
    found = [...entries.filter(({ seq }) => seq <= upTo), ...found]
    upTo = after
  }
  return found.slice(-limit)
}
