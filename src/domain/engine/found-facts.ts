import type { Journal } from '../ports/journal.ts'
import { type Erasure, isErasure } from '../room/erasure.ts'
import type { Member } from '../room/events.ts'
import { evolve } from '../room/evolve.ts'
import { expiryOf } from '../room/expiry.ts'
import { initialState, type RoomFile } from '../room/state.ts'

/** The files, erasures and unlisted rooms that a starting host finds in the facts of its rooms. */
export interface FoundFacts {
  /** The room of each file, by the file's id. */
  readonly roomOf: ReadonlyMap<string, string>
  /** The id of a complete file for each digest. */
  readonly byDigest: ReadonlyMap<string, string>
  /** Uploads that were under way. */
  readonly interrupted: readonly { readonly room: string; readonly file: RoomFile }[]
  /** Files of rooms that were cleared after the files arrived, and the member who cleared them. */
  readonly cleared: readonly { readonly room: string; readonly file: RoomFile; readonly by: Member }[]
  /** Earlier homes of uploads that other hosts took over, by the file's id. */
  readonly moved: ReadonlyMap<string, readonly string[]>
  /** Ids of withdrawn files. */
  readonly gone: readonly string[]
  /** Time of the newest fact, in milliseconds since 1970. */
  readonly newest: number | undefined
  /** Earliest expiry time of a file that has its own; infinite without one. */
  readonly expiry: number
  /** Removals of messages, by room. */
  readonly erasures: ReadonlyMap<string, readonly Erasure[]>
  /** Rooms that stay out of the list of rooms. */
  readonly unlisted: readonly string[]
}

export async function findFacts(journal: Journal): Promise<FoundFacts> {
  const roomOf = new Map<string, string>()
  const byDigest = new Map<string, string>()
  const interrupted: { room: string; file: RoomFile }[] = []
  const cleared: { room: string; file: RoomFile; by: Member }[] = []
  const gone: string[] = []
  const moved = new Map<string, readonly string[]>()
  const erasures = new Map<string, Erasure[]>()
  const unlisted: string[] = []
  let newest: number | undefined
  let expiry = Number.POSITIVE_INFINITY
  for (const room of (await journal.rooms()).keys()) {
    const state = initialState(room)
    const removals: Erasure[] = []
    const clearedBy = new Map<string, Member>()
    for (const fact of await journal.facts(room)) {
      if (fact.type === 'fileOffered') {
        const before = state.files.get(fact.file.id)
        const home = before?.status === 'offered' ? before.home : undefined
        if (home !== undefined && home !== fact.home)
          moved.set(fact.file.id, [...(moved.get(fact.file.id) ?? []), home])
      }
      evolve(state, fact)
      newest = Math.max(newest ?? 0, fact.at)
      if (fact.type === 'fileWithdrawn') gone.push(fact.file.id)
      if (isErasure(fact)) removals.push(fact)
      if (fact.type === 'cleared') for (const id of state.files.keys()) clearedBy.set(id, fact.by)
    }
    erasures.set(room, removals)
    if (state.rules.unlisted) unlisted.push(room)
    for (const [id, file] of state.files) {
      roomOf.set(id, room)
      expiry = Math.min(expiry, expiryOf(state.rules, file.file, file.at))
      const by = clearedBy.get(id)
      if (by !== undefined) cleared.push({ room, file, by })
      else if (file.status === 'offered') interrupted.push({ room, file })
      else byDigest.set(file.file.sha256, id)
    }
  }
  return { roomOf, byDigest, interrupted, cleared, moved, gone, newest, expiry, erasures, unlisted }
}
