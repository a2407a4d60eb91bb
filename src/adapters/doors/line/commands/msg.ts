import { rejected } from '../../../../domain/rejection.ts'
import { forTerminal } from '../../../../domain/text/terminal.ts'
import type { LineCommand } from './command.ts'

export const msg: LineCommand = {
  word: 'msg',
  usage: '/msg name text',
  help: 'say something to one person only',
  async run(peer, rest) {
    const [, to, text] = /^(\S+) +(.*)$/s.exec(rest) ?? []
    if (to === undefined || text === undefined) await peer.refuse(rejected('BAD_COMMAND', `type ${msg.usage}`))
    else if (await peer.ask({ type: 'whisper', to, text }))
      await peer.say(`* to ${forTerminal(to)}: ${forTerminal(text)}`)
  },
}
