import { rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { LineCommand } from './command.ts'

export const msg: LineCommand = {
  word: 'msg',
  usage: '/msg name text',
  help: 'say something to one person only',
  async run(caller, rest) {
    const [, to, text] = /^(\S+) +(.*)$/s.exec(rest) ?? []
    if (to === undefined || text === undefined) await caller.refuse(rejected('BAD_COMMAND', `type ${msg.usage}`))
    else if (await caller.ask({ type: 'whisper', to, text }))
      await caller.say(`* to ${forTerminal(to)}: ${forTerminal(text)}`)
  },
}
