import type { TokenBucket } from '#domain/async/token-bucket.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { PostedCommand } from '#domain/room/commands.ts'

/** Says a chunk of lines, nothing done for each. Answers a promise where they have to wait, and the connection with them. */
export function sayLines(
  session: LocalSession,
  lines: readonly string[],
  bucket: TokenBucket,
  stays: () => boolean,
): Promise<void> | undefined {
  const taken = bucket.take(lines.length)
  if (taken === lines.length && session.post(lines.map(say)) === 'accepted') return undefined
  return sayThemSlowly(session, lines, taken, bucket, stays)
}

/** Over the rate, or more than the room takes just now: the rest waits. */
async function sayThemSlowly(
  session: LocalSession,
  lines: readonly string[],
  allowed: number,
  bucket: TokenBucket,
  stays: () => boolean,
): Promise<void> {
  let from = 0
  let tokens = allowed
  while (from < lines.length && stays()) {
    if (tokens === 0) {
      await bucket.ready()
      tokens = bucket.take(lines.length - from)
      continue
    }
    if (session.post(lines.slice(from, from + tokens).map(say)) === 'full') await session.ready()
    else {
      from += tokens
      tokens = 0
    }
  }
}

const say = (text: string): PostedCommand => ({ type: 'say', text })
