import { isRefusal } from '../../client/failures.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** What is typed about what opens the room. */
export const keyWords = [
  { word: 'password', takes: 'WORD|off', about: 'helpPassword' },
  { word: 'invite', takes: '[list|off ID]', about: 'helpInvite' },
] as const

/** Does what was typed, and tells what came of it. */
export async function changeKeys(page: Page, room: Room, word: string, rest: string): Promise<void> {
  const { say, refusal } = page.words.value
  const typed = rest.trim()
  const [, revoked] = /^off +(\S+)$/.exec(typed) ?? []
  const answer =
    word === 'password'
      ? typed !== '' && (await setPassword(room, typed === 'off' ? undefined : typed))
      : revoked !== undefined
        ? await invitations(room, 'DELETE', `/${encodeURIComponent(revoked)}`)
        : (typed === '' || typed === 'list') && (await invitations(room, typed === '' ? 'POST' : 'GET'))
  if (answer === false)
    room.notices.tell(
      say('howToType', { usage: word === 'password' ? '/password WORD|off' : '/invite [list|off ID]' }),
      'wrong',
    )
  else if (isRefusal(answer)) room.notices.tell(refusal(answer), 'wrong')
  // Of a password everybody is told.
  else if (word === 'invite')
    room.notices.tell(
      revoked !== undefined
        ? say('invitationOff')
        : typed === ''
          ? invited(page, room, answer.value)
          : listed(page, answer.value),
    )
}

/** Asked for over HTTP, so that it is never a line of somebody's. */
const setPassword = ({ name, place: { host } }: Room, password: string | undefined) =>
  host.json(
    `/rooms/${encodeURIComponent(name)}/password`,
    password === undefined
      ? { method: 'DELETE' }
      : { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ password }) },
  )

const invitations = ({ name, place: { host } }: Room, method: string, which = '') =>
  host.json(`/rooms/${encodeURIComponent(name)}/invitations${which}`, { method })

function invited({ words }: Page, { name }: Room, value: unknown): string {
  const { code } = value as { readonly code: string }
  return words.value.say('invitation', { link: `${location.origin}/#${new URLSearchParams({ t: code, room: name })}` })
}

interface Kept {
  readonly id: string
  readonly expiresAt: number
  readonly used: boolean
}

function listed({ words, language }: Page, value: unknown): string {
  const { say } = words.value
  const { invitations: all } = value as { readonly invitations: readonly Kept[] }
  return (
    all
      .map(({ id, expiresAt, used }) =>
        say(used ? 'invitationUsed' : 'invitationUnused', {
          id,
          time: new Date(expiresAt).toLocaleString(language.value),
        }),
      )
      .join('; ') || say('noInvitations')
  )
}
