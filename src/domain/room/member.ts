/** Who is in a room. `id` is unique for each joining; `name` is the nick, or a guest's address, which several may share. */
export interface Member {
  readonly id: string
  readonly name: string
  /** Left out for a member like all others. */
  readonly role?: Role
  /** Why this member is away; left out where they are not. */
  readonly away?: string
}

/** Who looks after the room: its owner, and those whom the owner or another op made ops. */
export type Role = 'owner' | 'op'

/** As an author is kept: what a member is today is no part of what they said. */
export const authorOf = (member: Member): Member =>
  member.role === undefined && member.away === undefined ? member : { id: member.id, name: member.name }
