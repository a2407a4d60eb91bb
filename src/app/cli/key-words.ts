import type { Translator } from '#i18n/i18n.ts'
import { INVITE_USAGE, inviteAsked, minuteText, PASSWORD_USAGE, passwordAsked } from '#server/connection/key-words.ts'
import type { RoomAccess } from '#server/security/room-secrets.ts'
import type { OwnWord, Refusal } from '#terminal/ports.ts'

/** `/password` and `/invite`. `base` is where browsers find the host, as in `http://192.168.1.5:8268`. */
export function keyWords(desk: RoomAccess<Refusal>, room: string, base: string, words: Translator): readonly OwnWord[] {
  const { say, refusal } = words
  const refused = (why: Refusal) => `! ${why.code} ${refusal(why)}`
  const listed = async () => {
    const kept = await desk.invitations()
    if ('message' in kept) return refused(kept)
    const rows = kept.map(({ id, expiresAt, used }) =>
      say(used ? 'invitationUsed' : 'invitationUnused', { id, time: minuteText(expiresAt) }),
    )
    return (rows.length === 0 ? [say('noInvitations')] : rows).map((row) => `* ${row}`).join('\n')
  }
  return [
    {
      word: 'password',
      takes: 'word|off',
      about: 'helpPassword',
      read: async (rest) => {
        const asked = passwordAsked(rest)
        if (asked === undefined) return `! ${say('howToType', { usage: PASSWORD_USAGE })}`
        const why = await desk.setPassword(asked.word)
        return why === undefined ? `* ${say(asked.word === undefined ? 'passwordOff' : 'passwordHolds')}` : refused(why)
      },
    },
    {
      word: 'invite',
      takes: '[list|off id]',
      about: 'helpInvite',
      read: async (rest) => {
        const asked = inviteAsked(rest)
        if (asked === undefined) return `! ${say('howToType', { usage: INVITE_USAGE })}`
        if (asked.type === 'list') return await listed()
        if (asked.type === 'off') {
          const why = await desk.revoke(asked.id)
          return why === undefined ? `* ${say('invitationOff')}` : refused(why)
        }
        const invitation = await desk.invite()
        if ('message' in invitation) return refused(invitation)
        const { code } = invitation
        const link = `/join ${room} ${code}  ${base}/#${new URLSearchParams({ t: code, room })}`
        return `* ${say('invitation', { link })}`
      },
    },
  ]
}
