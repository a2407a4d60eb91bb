import type { Member } from './events.ts'
import { personOf } from './moderation.ts'
import type { RoomFile, RoomState } from './state.ts'
import { admits, readerOf } from './visibility.ts'

/**
 * `of`: the present members who may see a file, without its sender. `has`: those of them who have it, because it was served to them or
 * they have verified it.
 */
export interface Holders {
  readonly has: readonly Member[]
  readonly of: number
}

export function holdersOf(state: RoomState, each: RoomFile): Holders {
  const { file } = each
  const sees = (id: string) => admits(file.audience, readerOf(state, id))
  const isReceiver = (id: string) => state.members.has(id) && !isSender(state, each, id)
  const known = new Set([...(state.holders.get(file.id) ?? []), ...(state.receivers.get(file.id) ?? [])])
  const ids = [...known].filter((id) => isReceiver(id) && sees(id))
  const has = ids.flatMap((id) => state.members.get(id) ?? [])
  // The room may be large, and most files are for everybody.
  if (file.audience === undefined) return { has, of: state.members.size - sendersHere(state, each) }
  return { has, of: [...state.members.keys()].filter((id) => isReceiver(id) && sees(id)).length }
}

/** Whether it is the sender: by the id that sent it, or by the key that owns the upload. */
export const isSender = (state: RoomState, { by, owner }: RoomFile, id: string): boolean =>
  by.id === id || (owner !== undefined && owner === personOf(state, id))

function sendersHere(state: RoomState, { by, owner }: RoomFile): number {
  const ids = new Set([by.id, ...(owner === undefined ? [] : [owner])])
  return [...ids].filter((id) => state.members.has(id)).length
}
