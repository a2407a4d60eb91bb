import { rejected } from '../../../../domain/rejection.ts'
import type { LineCommand } from './command.ts'
import { entryLines } from './entry-lines.ts'

export const search: LineCommand = {
  word: 'search',
  usage: '/search words',
  help: 'lines and files that have all these words',
  async run(peer, rest) {
    const session = peer.inRoom()
    if (session === undefined) return
    if (rest.trim() === '') {
      await peer.refuse(rejected('BAD_COMMAND', `type ${search.usage}`))
      return
    }
    const entries = await session.search(rest, peer.settings.maxHistoryLines)
    const found = entries.length === 1 ? '1 line' : `${entries.length} lines`
    await peer.say([`* found ${found}:`, ...entryLines(entries), '* end of search'].join('\n'))
  },
}
