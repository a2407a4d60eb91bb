/** What somebody wants to enter, and who it is. */
export interface AccessRequest {
  /** As rooms are called: in lower case. */
  readonly room: string
  /** The client's address. */
  readonly address: string
  /**
   * What the client showed to prove who it is: `Authorization: Bearer` or the password of HTTP Basic, the `token` of a hello, `/token` on
   * a line connection. Left out where it showed nothing.
   */
  readonly credential?: string
  /** The member id that the client's key stands for; left out where it has none. */
  readonly person?: string
}

/**
 * Who may enter a room. Where it answers false, the room and everything in it seem not to exist. It is asked for each request
 * and each joining, and of everybody who is there when the host is told that something has changed: it should answer quickly.
 */
export type Access = (request: AccessRequest) => boolean

/** Everybody is let in. */
export const openToAll: Access = () => true
