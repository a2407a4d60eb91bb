import { roomAccess } from '#client/queries.ts'
import { type AccessAnswer, type AccessRequest, changeAccess } from '#domain/room/room-access.ts'
import type { FullPageTranslator } from '#i18n/translator.ts'
import { home } from '../browser/platform.ts'
import type { Room } from './room.ts'

/** Executes an operator's request about the room's password and invitations, and shows the result. Everybody in the room is told of a new password. */
export async function requestAccess(words: FullPageTranslator, room: Room, request: AccessRequest): Promise<void> {
  const answer = await changeAccess(roomAccess(room.store.api, room.name), request)
  if (answer.type === 'refused') room.notices.add(words.refusal(answer.why), 'wrong')
  else if (answer.type === 'passwordChanged')
    room.notices.add(
      words.say(request.type === 'setPassword' && request.password !== undefined ? 'passwordHolds' : 'passwordOff'),
    )
  else
    room.notices.add(
      accessText(words, room, answer),
      answer.type === 'revoked' || answer.type === 'dropLinkRevoked' ? 'told' : 'kept',
    )
}

type Told = Extract<
  AccessAnswer<never>,
  { readonly type: 'invited' | 'invitations' | 'revoked' | 'dropLinkRevoked' | 'dropLinks' }
>

function accessText({ say, language }: FullPageTranslator, { name: room }: Room, answer: Told): string {
  switch (answer.type) {
    case 'invited': {
      return say('invitation', { link: roomLink(room, answer.invitation.code) })
    }
    case 'invitations': {
      const rows = answer.kept.map(({ id, expiresAt, used }) =>
        say(used ? 'invitationUsed' : 'invitationUnused', {
          id,
          time: new Date(expiresAt).toLocaleString(language),
        }),
      )
      return rows.join('; ') || say('noInvitations')
    }
    case 'dropLinks': {
      const rows = answer.links.map(({ id, path, expiresAt }) =>
        say('dropLink', { id, link: location.origin + path, time: new Date(expiresAt).toLocaleString(language) }),
      )
      return rows.join('; ') || say('noDropLinks')
    }
    case 'revoked':
      return say('invitationOff')
    case 'dropLinkRevoked':
      return say('dropLinkOff')
    default:
      return answer satisfies never
  }
}

/** The address of a room, with the token or the invitation that opens it. */
export const roomLink = (room: string, code: string | undefined): string =>
  `${home()}#${new URLSearchParams({ ...(code && { t: code }), room })}`
