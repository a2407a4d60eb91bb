import { type Rejected, rejected } from '../../../domain/rejection.ts'
import type { RoomKeyDesk } from './access/key-desk.ts'
import type { Invitation, KeptInvitation } from './access/room-keys.ts'

/** What is typed about what opens a room, at every door where people type. */
export const PASSWORD_USAGE = '/password word|off'
export const INVITE_USAGE = '/invite [list|off id]'

/** Does what was typed behind `/password`, and answers what to tell, without a mark in front. */
export async function passwordTyped(desk: RoomKeyDesk, rest: string): Promise<string | Rejected> {
  const word = rest.trim()
  if (word === '') return rejected('BAD_COMMAND', `type ${PASSWORD_USAGE}`)
  const why = await desk.setPassword(word === 'off' ? undefined : word)
  if (why !== undefined) return why
  return word === 'off' ? 'nobody is asked for a password any more' : 'whoever comes in from now on needs the password'
}

/** Does what was typed behind `/invite`. What it tells are lines without a mark in front; only the invitation itself is secret. */
export async function inviteTyped(
  desk: RoomKeyDesk,
  rest: string,
): Promise<Invitation | { readonly lines: readonly string[] } | Rejected> {
  const [word = '', id = '', ...more] = rest.trim().split(/ +/)
  if (word === '') return await desk.invite()
  if (word === 'list' && id === '') {
    const kept = await desk.invitations()
    if ('type' in kept) return kept
    return { lines: kept.length === 0 ? ['there are no invitations to this room'] : kept.map(keptText) }
  }
  if (word !== 'off' || id === '' || more.length > 0) return rejected('BAD_COMMAND', `type ${INVITE_USAGE}`)
  return (await desk.revoke(id)) ?? { lines: ['nobody comes in by it any more'] }
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
