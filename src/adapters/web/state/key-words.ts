import { isRefusal } from '#client/errors.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** What is typed about what opens the room. */
export const keyWords = [
  { word: 'password', takes: 'WORD|off', about: 'helpPassword' },
  { word: 'invite', takes: '[list|off ID]', about: 'helpInvite' },
] as const

/** Does what was typed, and tells what came of it. */
export async function changeKeys(page: Page, room: Room, word: string, rest: string): Promise<void> {
  const typed = rest.trim()
  const [, revoked] = /^off +(\S+)$/.exec(typed) ?? []
  if (word === 'password' && typed !== '') return await givePassword(page, room, typed === 'off' ? undefined : typed)
  if (word === 'invite' && revoked !== undefined) return await revoke(page, room, revoked)
  if (word === 'invite' && typed === '') return await invite(page, room)
  if (word === 'invite' && typed === 'list') return await listInvitations(page, room)
  const usage = word === 'password' ? '/password WORD|off' : '/invite [list|off ID]'
  room.notices.tell(page.words.value.say('howToType', { usage }), 'wrong')
}

/** With nothing it is taken away. Everybody in the room is told. */
export const givePassword = (page: Page, room: Room, password: string | undefined): Promise<void> =>
  ask(
    page,
    room,
    'password',
    password === undefined
      ? { method: 'DELETE' }
      : { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ password }) },
  )

export const invite = (page: Page, room: Room): Promise<void> =>
  ask(page, room, INVITATIONS, { method: 'POST' }, (value) => {
    const { code } = value as { readonly code: string }
    const link = `${location.origin}/#${new URLSearchParams({ t: code, room: room.name })}`
    return page.words.value.say('invitation', { link })
  })

const revoke = (page: Page, room: Room, id: string): Promise<void> =>
  ask(page, room, `${INVITATIONS}/${encodeURIComponent(id)}`, { method: 'DELETE' }, () =>
    page.words.value.say('invitationOff'),
  )

export const listInvitations = (page: Page, room: Room): Promise<void> =>
  ask(page, room, INVITATIONS, {}, (value) => {
    const { say } = page.words.value
    const rows = (value as { readonly invitations: readonly Kept[] }).invitations.map(({ id, expiresAt, used }) =>
      say(used ? 'invitationUsed' : 'invitationUnused', {
        id,
        time: new Date(expiresAt).toLocaleString(page.language.value),
      }),
    )
    return rows.join('; ') || say('noInvitations')
  })

interface Kept {
  readonly id: string
  readonly expiresAt: number
  readonly used: boolean
}

const INVITATIONS = 'invitations'

/** Over HTTP, so that it is never a line of somebody's. `told`: what to tell whoever asked. */
async function ask(
  { words }: Page,
  { name, notices, place }: Room,
  what: string,
  how: RequestInit,
  told?: (value: unknown) => string,
): Promise<void> {
  const answer = await place.host.json(`/rooms/${encodeURIComponent(name)}/${what}`, how)
  if (isRefusal(answer)) notices.tell(words.value.refusal(answer), 'wrong')
  else if (told !== undefined) notices.tell(told(answer.value))
}
