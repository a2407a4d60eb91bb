import { isRefusal, type Refusal } from '#client/errors.ts'
import { invitations, invite as makeInvitation, revoke as revokeInvitation, setPassword } from '#client/queries.ts'
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

/** Undefined takes it away. Everybody in the room is told. Over HTTP, as all of these, so that it is never somebody's line. */
export async function givePassword(page: Page, { name, notices, place }: Room, password: string | undefined) {
  const refused = await setPassword(place.api, name, password)
  if (refused !== undefined) notices.tell(page.words.value.refusal(refused), 'wrong')
}

export const invite = (page: Page, room: Room): Promise<void> =>
  tell(page, room, makeInvitation(room.place.api, room.name), ({ code }) => {
    const link = `${location.origin}/#${new URLSearchParams({ t: code, room: room.name })}`
    return page.words.value.say('invitation', { link })
  })

const revoke = (page: Page, room: Room, id: string): Promise<void> =>
  tell(
    page,
    room,
    revokeInvitation(room.place.api, room.name, id).then((refused) => refused ?? {}),
    () => page.words.value.say('invitationOff'),
  )

export const listInvitations = (page: Page, room: Room): Promise<void> =>
  tell(page, room, invitations(room.place.api, room.name), (kept) => {
    const { say } = page.words.value
    const rows = kept.map(({ id, expiresAt, used }) =>
      say(used ? 'invitationUsed' : 'invitationUnused', {
        id,
        time: new Date(expiresAt).toLocaleString(page.language.value),
      }),
    )
    return rows.join('; ') || say('noInvitations')
  })

async function tell<T extends object>(
  { words }: Page,
  { notices }: Room,
  answered: Promise<T | Refusal>,
  told: (answer: T) => string,
): Promise<void> {
  const answer = await answered
  if (isRefusal(answer)) notices.tell(words.value.refusal(answer), 'wrong')
  else notices.tell(told(answer))
}
