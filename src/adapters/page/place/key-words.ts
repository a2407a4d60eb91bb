import { isRefusal } from '../../client/failures.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** What opens a room is asked for over HTTP, so that it is never a line of somebody's. */
export const keyWords: readonly string[] = ['password', 'invite']

export async function changeKeys(page: Page, room: Room, word: string, rest: string): Promise<void> {
  const { say, refusal } = page.words.value
  const path = `/rooms/${encodeURIComponent(room.name)}`
  const json = { 'Content-Type': 'application/json' }
  const password = rest.trim()
  if (word === 'password' && password === '')
    return room.notices.tell(say('howToType', { usage: '/password WORD|off' }), 'wrong')
  const answer =
    word === 'invite'
      ? await room.place.host.json(`${path}/invitations`, { method: 'POST' })
      : password === 'off'
        ? await room.place.host.json(`${path}/password`, { method: 'DELETE' })
        : await room.place.host.json(`${path}/password`, {
            method: 'PUT',
            headers: json,
            body: JSON.stringify({ password }),
          })
  if (isRefusal(answer)) return room.notices.tell(refusal(answer), 'wrong')
  // Everybody is told of it.
  if (word === 'password') return
  room.notices.tell(
    say('invitation', {
      link: `${location.origin}/#${new URLSearchParams({ t: codeIn(answer.value), room: room.name })}`,
    }),
  )
}

const codeIn = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'code' in value ? String(value.code) : ''
