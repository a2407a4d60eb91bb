import type { Rejected } from '../../../domain/rejection.ts'
import type { Invitation } from './access/room-keys.ts'

/** What is typed about what opens a room, in every client where people type. */

/** The word of `/password WORD`; undefined for `/password off`. */
export const passwordTyped = (rest: string): string | undefined => (rest.trim() === 'off' ? undefined : rest.trim())

export const passwordSet = (word: string | undefined): string =>
  word === undefined ? 'nobody is asked for a password any more' : 'whoever comes in from now on needs the password'

/** How the one who is invited comes in. */
export function invitationText({ room, code, expiresAt }: Invitation, base?: string): string {
  const until = new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')
  const link = base === undefined ? '' : `, or in a browser ${base}/#t=${code}&room=${encodeURIComponent(room)}`
  return `for one person, until ${until} UTC: /join ${room} ${code}${link}`
}

export const isRejected = (answer: object): answer is Rejected => 'type' in answer && answer.type === 'rejected'
