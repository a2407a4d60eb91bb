/** The room to enter, and the identity of the requester. */
export interface AccessRequest {
  /** As rooms are called: in lower case. */
  readonly room: string
  /** The client's address. */
  readonly address: string
  /**
   * The credential of the client: `Authorization: Bearer` or the password of HTTP Basic, the `token` of a hello, `/token` on
   * a line connection. Left out where it gave none.
   */
  readonly credential?: string
  /** The member id that the client's key stands for; left out where it has none. */
  readonly person?: string
}

/**
 * Decides who may enter a room. Where it answers false, the room and everything in it seem not to exist. It is called for each request
 * and each joining, and for everybody present when the host is told that something has changed: it should answer quickly.
 */
export type Access = (request: AccessRequest) => boolean

/** Everybody is let in. */
export const openToAll: Access = () => true
