import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { DropLink, Invitation, KeptInvitation, RoomAccess } from '#domain/room/room-access.ts'
import type { KeptDropLink, RoomSecrets } from './room-secrets.ts'
import type { SignedLinks } from './signed-links.ts'

/** The secrets of a member's room, within the member's permissions. */
export class LocalRoomAccess implements RoomAccess {
  readonly #session: LocalSession
  readonly #secrets: RoomSecrets
  readonly #signedLinks: SignedLinks
  readonly #revoked: () => void

  /** `revoked` is called when a member may have to leave. */
  constructor(session: LocalSession, secrets: RoomSecrets, signedLinks: SignedLinks, revoked: () => void) {
    this.#session = session
    this.#secrets = secrets
    this.#signedLinks = signedLinks
    this.#revoked = revoked
  }

  async setPassword(word: string | undefined): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('setPassword') ?? (word === undefined ? undefined : passwordFault(word))
    if (why !== undefined) return why
    // It is kept before the room is told, and applies even if the room can keep nothing at the moment.
    const changed = await onceKept(this.#secrets.setPassword(this.#session.room, word))
    if (typeof changed !== 'boolean') return changed
    if (changed) await this.#session.tellPassword(word !== undefined)
    return undefined
  }

  async invite(): Promise<Invitation | Rejected> {
    const { room, person } = this.#session
    return (
      this.#session.refusalTo('invite') ?? (await onceKept(this.#secrets.invite(room, person))) ?? tooManyInvitations
    )
  }

  async invitations(): Promise<readonly KeptInvitation[] | Rejected> {
    return this.#session.refusalTo('invite') ?? this.#secrets.invitations(this.#session.room)
  }

  async revoke(id: string): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    const found = await onceKept(this.#secrets.revoke(this.#session.room, id))
    if (typeof found !== 'boolean') return found
    if (!found) return noSuchInvitation
    this.#revoked()
    return undefined
  }

  async addDropLink(seconds?: number): Promise<DropLink | Rejected> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    if (seconds === 0) return endless
    const ms = seconds === undefined ? undefined : seconds * 1000
    const made = (await onceKept(this.#secrets.addDropLink(this.#session.room, ms))) ?? tooManyDropLinks
    return 'message' in made ? made : this.#signed(made)
  }

  async dropLinks(): Promise<readonly DropLink[] | Rejected> {
    const links = this.#secrets.dropLinks(this.#session.room)
    return this.#session.refusalTo('invite') ?? links.map((link) => this.#signed(link))
  }

  async revokeDropLink(id: string): Promise<Rejected | undefined> {
    const why = this.#session.refusalTo('invite')
    if (why !== undefined) return why
    const found = await onceKept(this.#secrets.revokeDropLink(this.#session.room, id))
    if (typeof found !== 'boolean') return found
    if (!found) return noSuchLink
    this.#revoked()
    return undefined
  }

  #signed(link: KeptDropLink): DropLink {
    return {
      id: link.id,
      path: `${this.#secrets.basePath}/drop/${this.#signedLinks.dropLinkText(link)}/`,
      expiresAt: link.expiresAt,
    }
  }
}

/**
 * The outcome of a change once it is kept; if it cannot be, nothing has changed. The disk's own message names paths, which do not
 * concern members.
 */
const onceKept = <T>(change: Promise<T>): Promise<T | Rejected> => change.catch(() => notKept)

const notKept = rejected(
  'READ_ONLY',
  'the host can not keep this just now, and nothing has changed; ask whoever hosts to look at its disk, then try again',
)

const MOST_PASSWORD_BYTES = 256

/** A password must be possible to type in one line. */
function passwordFault(word: string): Rejected | undefined {
  const fits = word.trim() === word && word !== '' && Buffer.byteLength(word) <= MOST_PASSWORD_BYTES
  return fits && !/\p{Cc}/u.test(word) ? undefined : badPassword
}

const noSuchInvitation = rejected(
  'NO_SUCH_INVITATION',
  'this room has no such invitation any more; /invite list tells which it has',
)

const noSuchLink = rejected('NO_SUCH_LINK', 'this room has no such drop link; /drop-link list tells which it has')
const tooManyDropLinks = rejected(
  'NOT_ALLOWED',
  'this room has as many drop links as it may; take some back first (/drop-link list)',
)
const endless = rejected('BAD_REQUEST', 'a drop link ends some time; give it seconds, or a time like 7d')

const tooManyInvitations = rejected(
  'NOT_ALLOWED',
  'this room has as many invitations as it may; take some back first (/invite list)',
)

const badPassword = rejected(
  'BAD_TEXT',
  `a password is 1 to ${MOST_PASSWORD_BYTES} bytes on one line, with no blank before or after it`,
)
