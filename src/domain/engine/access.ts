/** What somebody wants to enter, and who it is. */
export interface AccessRequest {
  /** As rooms are called: in lower case. */
  readonly room: string
  /** The peer's address. */
  readonly address: string
  /**
   * What the peer showed to prove who it is: `Authorization: Bearer` or the password of HTTP Basic, the `token` of a hello, `/token` on
   * the line door. Left out where it showed nothing.
   */
  readonly credential?: string
  /** The member id that the peer's key stands for; left out where it has none. */
  readonly person?: string
}

/**
 * Who may enter a room. Where it says no, the room and all that is in it look as if they were not there. It is asked for each request
 * and each joining, and of everybody who is there when the host is told that something has changed: it should answer quickly.
 */
export type Access = (request: AccessRequest) => boolean

/** Whoever reaches the door. */
export const openToAll: Access = () => true
