import { rejected } from '../../../../domain/rejection.ts'
import { passwordSet, passwordTyped } from '../../shared/key-words.ts'
import type { LineCommand } from './command.ts'

export const password: LineCommand = {
  word: 'password',
  usage: '/password word|off',
  help: 'who comes in from now on needs it; off: nobody does',
  verb: 'setPassword',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    if (rest.trim() === '') {
      await caller.refuse(rejected('BAD_COMMAND', `type ${password.usage}`))
      return
    }
    const word = passwordTyped(rest)
    const why = await caller.admission.setPassword(session, word)
    await (why === undefined ? caller.say(`* ${passwordSet(word)}`) : caller.refuse(why))
  },
}
