import { PASSWORD_USAGE, passwordTyped } from '#server/connection/key-words.ts'
import type { LineCommand } from './command.ts'

export const password: LineCommand = {
  word: 'password',
  usage: PASSWORD_USAGE,
  help: 'who comes in from now on needs it; off: nobody does',
  verb: 'setPassword',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    const answer = await passwordTyped(caller.accessControl.roomAccess(session), rest)
    await (typeof answer === 'string' ? caller.say(`* ${answer}`) : caller.refuse(answer))
  },
}
