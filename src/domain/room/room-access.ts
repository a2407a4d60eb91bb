import type { Rejected } from '../errors.ts'

/** An invitation without its code. */
export interface KeptInvitation {
  readonly id: string
  /** Milliseconds since 1970: nobody comes in by it any more, or nobody back in. */
  readonly expiresAt: number
  /** Somebody has come in by it, whose it is now. */
  readonly used: boolean
}

export interface Invitation extends Omit<KeptInvitation, 'used'> {
  readonly room: string
  readonly code: string
}

/** An address by which anybody may put files into a room, for its operators alone. */
export interface DropLink {
  readonly id: string
  /** On the host: `/drop/…/`, below its base path. */
  readonly path: string
  /** Milliseconds since 1970: nothing comes in by it any more. */
  readonly expiresAt: number
}

/** A room's password, invitations and drop links, in the hands of one of its operators. `Why`: the form of refusals on the caller's side. */
export interface RoomAccess<Why = Rejected> {
  /** The room's password from now on; undefined takes it away. Members that are in stay in. */
  setPassword(word: string | undefined): Promise<Why | undefined>
  /** Lets one more person in, once. */
  invite(): Promise<Invitation | Why>
  /** Those by which somebody may still come in. */
  invitations(): Promise<readonly KeptInvitation[] | Why>
  /** Nobody comes in by it any more; a member that is in by nothing else goes. */
  revoke(id: string): Promise<Why | undefined>
  /** Lets everybody who has it put files in, for so many seconds or as the host has it. */
  addDropLink(seconds?: number): Promise<DropLink | Why>
  /** Those that are valid. */
  dropLinks(): Promise<readonly DropLink[] | Why>
  /** Nothing comes in by it any more; uploads that are under way end. */
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
