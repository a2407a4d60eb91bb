import type { OfferedFile, WholeFile } from './events.ts'
import type { Member } from './member.ts'

export type RoomFile =
  | { readonly status: 'offered'; readonly file: OfferedFile; readonly by: Member; readonly at: number }
  | {
      readonly status: 'whole'
      readonly file: WholeFile
      readonly by: Member
      readonly at: number
      /** When each of those verified it who said so, by name. */
      readonly received: ReadonlyMap<string, number>
    }

/**
 * What a room knows. Only `evolve` changes it, and in place: a copy for each of 300 000 messages a second would cost more
 * than all the rest.
 */
export interface RoomState {
  readonly name: string
  readonly members: Map<string, Member>
  /** Those who came without a word: they may speak, are not listed, and nobody hears of their coming and going. */
  readonly quiet: Map<string, Member>
  readonly files: Map<string, RoomFile>
  /** The same maps that whole files show as `received`, by the file's id. */
  readonly receipts: Map<string, Map<string, number>>
  topic: string
  /** Sequence of the newest committed entry, 0 before the first. */
  last: number
}

export const initialState = (name: string): RoomState => ({
  name,
  members: new Map(),
  quiet: new Map(),
  files: new Map(),
  receipts: new Map(),
  topic: '',
  last: 0,
})
