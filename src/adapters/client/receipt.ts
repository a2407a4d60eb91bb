import type { ApiClient } from './api-client.ts'
import { Disconnected, GaveUp } from './errors.ts'
import { postReceipt } from './queries.ts'
import { Retries } from './retries.ts'

/** A file that is here already is not worth more waiting than this. */
const PATIENCE_MS = 10_000

/** Tells the room that a file was received whole, if the room can be told. */
export async function giveReceipt(link: ApiClient, id: string, sha256: string): Promise<void> {
  try {
    const retries = new Retries(link.settings, { giveUpMs: PATIENCE_MS })
    await retries.until(async () => (await postReceipt(link, id, sha256)) ?? {})
  } catch (error) {
    if (!(error instanceof GaveUp || error instanceof Disconnected)) throw error
  }
}
