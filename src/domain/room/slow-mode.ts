import { type Rejected, slowMode } from '../errors.ts'
import { subnetOf } from '../names/subnet.ts'
import type { Batch } from './batch.ts'
import type { Act, Say } from './commands.ts'
import type { Member } from './events.ts'
import { personOf } from './moderation.ts'
import type { RoomState } from './state.ts'

/** Number of speakers remembered in slow mode. More than this can come only through new keys, whose holders may speak anyway. */
const MOST_SPEAKERS = 10_000
const MS_PER_SECOND = 1000

/** Seconds that this member waits between two messages; 0 for operators, and without slow mode. */
export function slowSecondsOf(state: RoomState, { id, role }: Member): number {
  const { slowSeconds } = state.rules
  return slowSeconds === 0 || role !== undefined || state.ops.has(personOf(state, id)) ? 0 : slowSeconds
}

/** The holder of a slow-mode wait: the person with this key, under any name; without a key, the whole subnet. */
function speakerOf(state: RoomState, id: string): string {
  const { person = id, address, keyless = false } = state.origins.get(id) ?? {}
  return keyless && address !== undefined ? subnetOf(address) : person
}

/** The refusal for a member who must wait. The same message sent again, by its id, does not count as another. */
export function slowed(state: RoomState, by: Member, { id }: Say | Act, at: number): Rejected | undefined {
  const seconds = slowSecondsOf(state, by)
  if (seconds === 0) return undefined
  const newest = state.spoken.get(speakerOf(state, by.id))
  if (newest === undefined || at < newest.at || (id !== undefined && id === newest.id)) return undefined
  const leftMs = newest.at + seconds * MS_PER_SECOND - at
  return leftMs > 0 ? slowMode(seconds, leftMs) : undefined
}

/** Notes in slow mode that a member has spoken: at once, since the next command of the same batch is judged by it. */
export function noteSpoken(state: RoomState, by: string, at: number, id: string | undefined): void {
  const { spoken, rules } = state
  if (rules.slowSeconds === 0) return
  const speaker = speakerOf(state, by)
  spoken.delete(speaker)
  spoken.set(speaker, { at, id })
  for (const [oldest, before] of spoken) {
    const waits = at >= before.at && at < before.at + rules.slowSeconds * MS_PER_SECOND
    if (waits && spoken.size <= MOST_SPEAKERS) return
    spoken.delete(oldest)
  }
}

/** The same for messages that came through another host. */
export function noteAdopted(state: RoomState, { entries, ids }: Batch): void {
  if (state.rules.slowSeconds === 0) return
  const idAt = new Map(ids.map(({ id, seq }) => [seq, id]))
  for (const entry of entries)
    if (entry.type === 'said' || entry.type === 'acted') noteSpoken(state, entry.by.id, entry.at, idAt.get(entry.seq))
}

/** The message of that time was not kept, so nobody has to wait for it. */
export function unspoken(state: RoomState, at: number): void {
  for (const [speaker, newest] of state.spoken) if (newest.at === at) state.spoken.delete(speaker)
}
