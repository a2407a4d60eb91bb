import { rejected } from '../../../../domain/rejection.ts'
import { isEntry } from '../../../../domain/room/events.ts'
import type { LineCommand } from './command.ts'
import { entryLines } from './entry-lines.ts'
import { sayPortions } from './say-portions.ts'

export const search: LineCommand = {
  word: 'search',
  usage: '/search words',
  help: 'lines and files that have all these words',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    if (rest.trim() === '') {
      await caller.refuse(rejected('BAD_COMMAND', `type ${search.usage}`))
      return
    }
    const entries = await session.search(rest, caller.settings.maxHistoryLines)
    const count = entries.filter(isEntry).length
    const found = count === 1 ? '1 line' : `${count} lines`
    await sayPortions(caller, [`* found ${found}:`, ...entryLines(entries, caller.linkOf), '* end of search'])
  },
}
