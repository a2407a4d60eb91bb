import { type Rejected, rejected } from '../../../domain/rejection.ts'
import type { RoomKeyDesk } from './access/key-desk.ts'
import type { Invitation } from './access/room-keys.ts'

/** What is typed about what opens a room, at every door where people type. */
export const PASSWORD_USAGE = '/password word|off'
export const INVITE_USAGE = '/invite'

/** Does what was typed behind `/password`, and answers what to tell, without a mark in front. */
export async function passwordTyped(desk: RoomKeyDesk, rest: string): Promise<string | Rejected> {
  const word = rest.trim()
  if (word === '') return rejected('BAD_COMMAND', `type ${PASSWORD_USAGE}`)
  const why = await desk.setPassword(word === 'off' ? undefined : word)
  if (why !== undefined) return why
  return word === 'off' ? 'nobody is asked for a password any more' : 'whoever comes in from now on needs the password'
}

/** How the one who is invited comes in. `base`: where browsers find the host. */
export function invitationText({ room, code, expiresAt }: Invitation, base?: string): string {
  const until = new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')
  const link = base === undefined ? '' : `, or in a browser ${base}/#t=${code}&room=${encodeURIComponent(room)}`
  return `for one person, until ${until} UTC: /join ${room} ${code}${link}`
}

export const isRejected = (answer: object): answer is Rejected => 'type' in answer && answer.type === 'rejected'
