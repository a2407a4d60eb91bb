import { type Rejected, rejected } from '#domain/errors.ts'
import type { Invitation, KeptInvitation, RoomAccess } from '../security/room-secrets.ts'

/** What is typed about what opens a room, at every door where people type. */
export const PASSWORD_USAGE = '/password word|off'
export const INVITE_USAGE = '/invite [list|off id]'

/** The password that was typed, `off` for none; undefined where it was typed otherwise. */
export function passwordAsked(rest: string): { readonly word: string | undefined } | undefined {
  const word = rest.trim()
  return word === '' ? undefined : { word: word === 'off' ? undefined : word }
}

export type InviteAsked = { readonly type: 'one' | 'list' } | { readonly type: 'off'; readonly id: string }

/** What was typed behind `/invite`; undefined where it was typed otherwise. */
export function inviteAsked(rest: string): InviteAsked | undefined {
  const [word = '', id = '', ...more] = rest.trim().split(/\s+/)
  if (word === '') return { type: 'one' }
  if (word === 'list' && id === '') return { type: 'list' }
  return word === 'off' && id !== '' && more.length === 0 ? { type: 'off', id } : undefined
}

/** Does what was typed behind `/password`, and answers what to tell, without a mark in front. */
export async function passwordTyped(desk: RoomAccess, rest: string): Promise<string | Rejected> {
  const asked = passwordAsked(rest)
  if (asked === undefined) return rejected('BAD_COMMAND', `type ${PASSWORD_USAGE}`)
  const why = await desk.setPassword(asked.word)
  if (why !== undefined) return why
  return asked.word === undefined
    ? 'nobody is asked for a password any more'
    : 'whoever comes in from now on needs the password'
}

/** Does what was typed behind `/invite`. What it tells are lines without a mark in front; only the invitation itself is secret. */
export async function inviteTyped(
  desk: RoomAccess,
  rest: string,
): Promise<Invitation | { readonly lines: readonly string[] } | Rejected> {
  const asked = inviteAsked(rest)
  if (asked === undefined) return rejected('BAD_COMMAND', `type ${INVITE_USAGE}`)
  if (asked.type === 'one') return await desk.invite()
  if (asked.type === 'off') return (await desk.revoke(asked.id)) ?? { lines: ['nobody comes in by it any more'] }
  const kept = await desk.invitations()
  if ('type' in kept) return kept
  return { lines: kept.length === 0 ? ['there are no invitations to this room'] : kept.map(keptText) }
}

/** How the one who is invited comes in. `base`: where browsers find the host. */
export function invitationText({ room, code, expiresAt }: Invitation, base?: string): string {
  const link = base === undefined ? '' : `, or in a browser ${base}/#t=${code}&room=${encodeURIComponent(room)}`
  return `for one person, until ${minuteText(expiresAt)}: /join ${room} ${code}${link}`
}

const keptText = ({ id, expiresAt, used }: KeptInvitation): string =>
  `[${id}] ${used ? 'used, and lets its person back in' : 'not used yet, and good'} until ${minuteText(expiresAt)}`

/** A moment, given in milliseconds since 1970, for people anywhere. */
export const minuteText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const isRejected = (answer: object): answer is Rejected => 'type' in answer && answer.type === 'rejected'
