import type { Rejected } from '../errors.ts'

/** An invitation without its code. */
export interface KeptInvitation {
  readonly id: string
  /** Milliseconds since 1970: from then on it admits nobody, not even the person who used it. */
  readonly expiresAt: number
  /** It was used, and now belongs to the person who did. */
  readonly used: boolean
}

export interface Invitation extends Omit<KeptInvitation, 'used'> {
  readonly room: string
  readonly code: string
}

/** An address through which anybody may put files into a room, for its operators only. */
export interface DropLink {
  readonly id: string
  /** On the host: `/drop/…/`, below its base path. */
  readonly path: string
  /** Milliseconds since 1970: from then on it accepts nothing. */
  readonly expiresAt: number
}

/** A room's password, invitations and drop links, for one of its operators. `Why`: the form of refusals on the caller's side. */
export interface RoomAccess<Why = Rejected> {
  /** Sets the room's password; undefined removes it. Present members stay. */
  setPassword(word: string | undefined): Promise<Why | undefined>
  /** Makes an invitation for one person. */
  invite(): Promise<Invitation | Why>
  /** The invitations that still admit somebody. */
  invitations(): Promise<readonly KeptInvitation[] | Why>
  /** Revokes an invitation. A member admitted by nothing else is put out. */
  revoke(id: string): Promise<Why | undefined>
  /** Makes a drop link, valid for this number of seconds or for the host's default. */
  addDropLink(seconds?: number): Promise<DropLink | Why>
  /** The valid drop links. */
  dropLinks(): Promise<readonly DropLink[] | Why>
  /** Revokes a drop link. Uploads in progress through it end. */
  revokeDropLink(id: string): Promise<Why | undefined>
}

/** An operator's request about the room's password and invitations. */
export type AccessRequest =
  | { readonly type: 'setPassword'; readonly password: string | undefined }
  | { readonly type: 'invite' }
  | { readonly type: 'listInvitations' }
  | { readonly type: 'revoke' | 'revokeDropLink'; readonly id: string }
  | { readonly type: 'addDropLink'; readonly seconds: number | undefined }
  | { readonly type: 'listDropLinks' }

export type AccessAnswer<Why> =
  | { readonly type: 'passwordChanged'; readonly isSet: boolean }
  | { readonly type: 'invited'; readonly invitation: Invitation }
  | { readonly type: 'invitations'; readonly kept: readonly KeptInvitation[] }
  | { readonly type: 'revoked' | 'dropLinkRevoked' }
  | { readonly type: 'dropLinks'; readonly links: readonly DropLink[] }
  | { readonly type: 'refused'; readonly why: Why }

export async function changeAccess<Why extends { readonly message: string }>(
  access: RoomAccess<Why>,
  request: AccessRequest,
): Promise<AccessAnswer<Why>> {
  switch (request.type) {
    case 'setPassword': {
      const why = await access.setPassword(request.password)
      return why === undefined ? { type: 'passwordChanged', isSet: request.password !== undefined } : refused(why)
    }
    case 'invite': {
      const made = await access.invite()
      return 'message' in made ? refused(made) : { type: 'invited', invitation: made }
    }
    case 'listInvitations': {
      const kept = await access.invitations()
      return 'message' in kept ? refused(kept) : { type: 'invitations', kept }
    }
    case 'revoke': {
      const why = await access.revoke(request.id)
      return why === undefined ? { type: 'revoked' } : refused(why)
    }
    case 'addDropLink': {
      const link = await access.addDropLink(request.seconds)
      return 'message' in link ? refused(link) : { type: 'dropLinks', links: [link] }
    }
    case 'listDropLinks': {
      const links = await access.dropLinks()
      return 'message' in links ? refused(links) : { type: 'dropLinks', links }
    }
    case 'revokeDropLink': {
      const why = await access.revokeDropLink(request.id)
      return why === undefined ? { type: 'dropLinkRevoked' } : refused(why)
    }
    default:
      return request satisfies never
  }
}

const refused = <Why>(why: Why): AccessAnswer<Why> => ({ type: 'refused', why })
