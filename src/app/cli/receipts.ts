import { setTimeout } from 'node:timers/promises'
import type { ApiClient } from '#client/api-client.ts'
import { Disconnected, isRefusal } from '#client/errors.ts'
import { receiptsOf } from '#client/queries.ts'
import type { ProgressDisplay } from './progress.ts'

/** Names of who has verified a file, and of who is in the room and has not. */
export interface Seen {
  readonly verified: readonly string[]
  readonly waiting: readonly string[]
}

const SHORT_MS = 1000
const LOOK_MS = 200

/** Looks until all have verified the file, or for a moment, or for as long as was asked for. A host that can't be asked ends it, too. */
export async function waitForReceipts(
  api: ApiClient,
  id: string,
  { wait, timeout }: { readonly wait?: boolean; readonly timeout?: number },
  display: ProgressDisplay | undefined,
): Promise<Seen> {
  const until = performance.now() + (wait ? (timeout ?? Number.POSITIVE_INFINITY) : SHORT_MS)
  let seen: Seen = { verified: [], waiting: [] }
  while (true) {
    const answer = await receiptsOf(api, id).catch((error: unknown) => {
      if (error instanceof Disconnected) return undefined
      throw error
    })
    if (answer !== undefined && !isRefusal(answer)) {
      seen = { verified: answer.verified.map(({ name }) => name), waiting: answer.waiting }
      display?.receipts(seen.verified.length, seen.verified.length + seen.waiting.length)
      if (seen.waiting.length === 0) return seen
    } else if (!wait) return seen
    if (performance.now() >= until) return seen
    await setTimeout(LOOK_MS)
  }
}
