import type { Rejected } from '../errors.ts'
import type { Role } from '../room/events.ts'

/** The room to enter, and the identity of the requester. */
export interface AccessRequest {
  /** The room's name, in lower case. */
  readonly room: string
  /** The client's address. */
  readonly address: string
  /**
   * The credential of the client: `Authorization: Bearer` or the password of HTTP Basic, the `token` of a hello, `/token` on a line
   * connection. Left out if the client gave none.
   */
  readonly credential?: string
  /** The member id that belongs to the client's key; left out without a key. */
  readonly person?: string
  /** The headers of an HTTP request, or of the request that opened a WebSocket: for a session cookie. Left out elsewhere. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> & {
    readonly cookie?: string | undefined
  }
}

/** Admits the requester, as a person known to your program. */
export interface AccessGrant {
  /** Their nick, whatever they ask for. They cannot change it. */
  readonly name?: string
  /** `owner` of the room, or an `op`, while this answer admits them. */
  readonly role?: Role
  /**
   * Identifies the person in place of the key: ranks, bans and the right to come back into a locked room belong to it. Rooms keep a
   * digest.
   */
  readonly person?: string
}

/** Shown to the requester as it is: they may know that the room exists. */
export interface AccessRefusal extends Rejected {
  readonly code: 'NOT_ALLOWED'
}

/** `false`: the room seems not to exist, nor anything in it. */
export type AccessAnswer = boolean | AccessGrant | AccessRefusal

/**
 * Decides who may enter a room, at once or as a promise, the same way for every server. It is called for each request and each join, and
 * for all members present when the host is told that something has changed, so it should answer quickly. An error, or an answer of
 * another shape, admits nobody and ends the connection.
 */
export type Access = (request: AccessRequest) => AccessAnswer | Promise<AccessAnswer>

/** The grant or refusal in a rule's answer; undefined for `false`. Throws a `TypeError` on any other answer. */
export function checkedAnswer(answer: unknown): AccessGrant | AccessRefusal | undefined {
  if (answer === true) return {}
  if (answer === false) return undefined
  if (typeof answer === 'object' && answer !== null) {
    const { type, code, message, name, role, person, ...others } = answer as Readonly<Record<string, unknown>>
    const isRefusal = type === 'rejected' && code === 'NOT_ALLOWED' && typeof message === 'string'
    if (isRefusal && name === undefined && role === undefined && person === undefined) return answer as AccessRefusal
    const isGrant = [type, code, message].every((field) => field === undefined) && Object.keys(others).length === 0
    if (isGrant && isText(name) && isText(person) && (role === undefined || role === 'owner' || role === 'op'))
      return answer as AccessGrant
  }
  throw new TypeError(
    'the access rule has to answer true, false, { name, role, person }, or a refusal with the code NOT_ALLOWED',
  )
}

const isText = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value !== '')

/** Admits everybody. */
export const openToAll: Access = () => true
