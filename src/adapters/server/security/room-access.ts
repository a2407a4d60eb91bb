import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Invitation, KeptInvitation, RoomAccess } from '#domain/room/room-access.ts'
import type { RoomSecrets } from './room-secrets.ts'

/** Room access on the host itself. */
export class LocalRoomAccess implements RoomAccess {
  readonly #session: LocalSession
  readonly #keys: RoomSecrets
  readonly #revoked: () => void

  /** `revoked` hears when somebody may have to go. */
  constructor(session: LocalSession, keys: RoomSecrets, revoked: () => void) {
    this.#session = session
    this.#keys = keys
    this.#revoked = revoked
  }

  async setPassword(word: string | undefined): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('setPassword') ?? (word === undefined ? undefined : passwordFault(word))
    if (why !== undefined) return why
    // It is kept before the room is told, and holds also where the room can keep nothing just now.
    const changed = await kept(this.#keys.setPassword(this.#session.room, word))
    if (typeof changed !== 'boolean') return changed
    if (changed) await this.#session.tellPassword(word !== undefined)
    return undefined
  }

  async invite(): Promise<Invitation | Rejected> {
    const { room, person } = this.#session
    return this.#session.refusalTo('invite') ?? (await kept(this.#keys.invite(room, person))) ?? tooManyInvitations
  }

  async invitations(): Promise<readonly KeptInvitation[] | Rejected> {
    return this.#session.refusalTo('invite') ?? this.#keys.invitations(this.#session.room)
  }

  async revoke(id: string): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    const found = await kept(this.#keys.revoke(this.#session.room, id))
    if (typeof found !== 'boolean') return found
    if (!found) return noSuchInvitation
    this.#revoked()
    return undefined
  }
}

/** What was changed once that is kept; where it can't be, nothing has changed. What the disk says names places that are no member's business. */
const kept = <T>(change: Promise<T>): Promise<T | Rejected> => change.catch(() => notKept)

const notKept = rejected(
  'READ_ONLY',
  'the host can not keep this just now, and nothing has changed; ask whoever hosts to look at its disk, then try again',
)

const MOST_PASSWORD_BYTES = 256

/** It must be typed into a line. */
function passwordFault(word: string): Rejected | undefined {
  const fits = word.trim() === word && word !== '' && Buffer.byteLength(word) <= MOST_PASSWORD_BYTES
  return fits && !/\p{Cc}/u.test(word) ? undefined : badPassword
}

const noSuchInvitation = rejected(
  'NO_SUCH_INVITATION',
  'this room has no such invitation any more; /invite list tells which it has',
)

const tooManyInvitations = rejected(
  'NOT_ALLOWED',
  'this room has as many invitations as it may; take some back first (/invite list)',
)

const badPassword = rejected(
  'BAD_TEXT',
  `a password is 1 to ${MOST_PASSWORD_BYTES} bytes on one line, with no blank before or after it`,
)
