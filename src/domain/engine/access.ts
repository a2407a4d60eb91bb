import type { Rejected } from '../errors.ts'
import type { Role } from '../room/events.ts'

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
  /** The headers of a request over HTTP, and of the one that a WebSocket began with: for the cookie of a session. Left out elsewhere. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> & {
    readonly cookie?: string | undefined
  }
}

/** Lets somebody in, as whom your program knows. */
export interface AccessGrant {
  /** Their nick, whatever they ask for; they can't change it. */
  readonly name?: string
  /** `owner` of the room, or an `op`, as long as they are in by this answer. */
  readonly role?: Role
  /** Names the person: being an op, bans, and having been inside a locked room go by it, in place of the key. Rooms keep a digest. */
  readonly person?: string
}

/** Told as it is: the room is no secret to them. */
export interface AccessRefusal extends Rejected {
  readonly code: 'NOT_ALLOWED'
}

/** `false`: the room and everything in it seem not to exist. */
export type AccessAnswer = boolean | AccessGrant | AccessRefusal

/**
 * Decides who may enter a room, at once or later, for every server alike. It is called for each request and each joining, and for everybody
 * present when the host is told that something has changed: it should answer quickly. An answer of another shape, or an error, lets nobody
 * in, and ends the connection that was asked for.
 */
export type Access = (request: AccessRequest) => AccessAnswer | Promise<AccessAnswer>

/** What a rule allows: undefined where it does not. Throws a `TypeError` on an answer that is none. */
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

/** Everybody is let in. */
export const openToAll: Access = () => true
