import { INVITE_USAGE, invitationText, isRejected } from '../../shared/key-words.ts'
import type { LineCommand } from './command.ts'

export const invite: LineCommand = {
  word: 'invite',
  usage: INVITE_USAGE,
  help: 'get what lets one person into this room, once',
  verb: 'invite',
  async run(caller) {
    const session = caller.inRoom()
    if (session === undefined) return
    const invitation = await caller.admission.keysOf(session).invite()
    await (isRejected(invitation)
      ? caller.refuse(invitation)
      : caller.say(`* ${invitationText(invitation, caller.base)}`))
  },
}
