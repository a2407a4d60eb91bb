/** What somebody wants to enter, and who it is. */
export interface AccessRequest {
  /** As rooms are called: in lower case. */
  readonly room: string
  /** The peer's address. */
  readonly address: string
  /** What the peer showed to prove who it is; left out where it showed nothing. */
  readonly credential?: string
}

/** Who may enter a room. Where it says no, the room and all that is in it look as if they were not there. */
export type Access = (request: AccessRequest) => boolean

/** Whoever reaches the door. */
export const openToAll: Access = () => true
