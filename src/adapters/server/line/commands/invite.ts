import { INVITE_USAGE, invitationText, inviteTyped, isRejected } from '#server/connection/key-words.ts'
import type { LineCommand } from './command.ts'

export const invite: LineCommand = {
  word: 'invite',
  usage: INVITE_USAGE,
  help: 'get what lets one person into this room, once; which there are; take one back',
  verb: 'invite',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    const answer = await inviteTyped(caller.accessControl.roomAccess(session), rest)
    if (isRejected(answer)) await caller.refuse(answer)
    else {
      const lines = 'lines' in answer ? answer.lines : [invitationText(answer, caller.base)]
      await caller.say(lines.map((line) => `* ${line}`).join('\n'))
    }
  },
}
