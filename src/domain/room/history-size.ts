import type { PastEvent } from './events.ts'

/** About as much as an entry takes without the text that somebody wrote in it. */
const BARE = 200

export const historyChars = (entry: PastEvent): number =>
  BARE + ('text' in entry ? entry.text.length : 'topic' in entry ? entry.topic.length : 0)

/** The newest of them that are no more than so much: what is asked for and not taken must cost no more (C61). */
export function newestWithin(entries: readonly PastEvent[], chars: number): readonly PastEvent[] {
  let left = chars
  const tooMuch = entries.findLastIndex((entry) => {
    left -= historyChars(entry)
    return left < 0
  })
  return entries.slice(tooMuch + 1)
}
