import { rejected } from '../../../../domain/rejection.ts'
import { forTerminal } from '../../../../domain/text/terminal.ts'
import { fileLine } from '../../shared/wording.ts'
import type { LineCommand } from './command.ts'

export const files: LineCommand = {
  word: 'files',
  usage: '/files [links|inline]',
  help: 'the files of the room; or how they reach you',
  async run(peer, rest) {
    const mode = rest.trim()
    if (mode === 'links' || mode === 'inline') {
      peer.delivery.mode = mode
      await peer.say(`* files come ${mode === 'links' ? 'as a line that names them' : 'as bytes, right here'}`)
      return
    }
    if (mode !== '') {
      await peer.refuse(rejected('BAD_COMMAND', `type ${files.usage}`))
      return
    }
    const session = peer.inRoom()
    if (session === undefined) return
    const lines = session.files.map((each) =>
      each.status === 'whole'
        ? fileLine(each.by.name, each.file)
        : `* ${forTerminal(each.file.name)} from ${forTerminal(each.by.name)} is still arriving`,
    )
    await peer.say([`* ${lines.length} files in ${session.room}; /get brings one here`, ...lines].join('\n'))
  },
}
