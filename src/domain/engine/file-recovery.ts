import type { Journal } from '../ports/journal.ts'
import { evolve } from '../room/evolve.ts'
import { initialState, type RoomFile } from '../room/state.ts'

/** What a host that starts finds out about its files. */
export interface FoundFiles {
  /** The room of each file, by the file's id. */
  readonly roomOf: ReadonlyMap<string, string>
  /** The id of a whole file for each digest. */
  readonly byDigest: ReadonlyMap<string, string>
  /** Those that were on their way. */
  readonly interrupted: readonly { readonly room: string; readonly file: RoomFile }[]
  /** Ids of those that were withdrawn. */
  readonly gone: readonly string[]
  /** When the newest fact became one, in milliseconds since 1970. */
  readonly newest: number | undefined
}

export async function findFiles(journal: Journal): Promise<FoundFiles> {
  const roomOf = new Map<string, string>()
  const byDigest = new Map<string, string>()
  const interrupted: { room: string; file: RoomFile }[] = []
  const gone: string[] = []
  let newest: number | undefined
  for (const room of (await journal.rooms()).keys()) {
    const state = initialState(room)
    for (const fact of await journal.facts(room)) {
      evolve(state, fact)
      newest = Math.max(newest ?? 0, fact.at)
      if (fact.type === 'fileWithdrawn') gone.push(fact.file.id)
    }
    for (const [id, file] of state.files) {
      roomOf.set(id, room)
      if (file.status === 'offered') interrupted.push({ room, file })
      else byDigest.set(file.file.sha256, id)
    }
  }
  return { roomOf, byDigest, interrupted, gone, newest }
}
