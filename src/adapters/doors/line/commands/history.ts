import { rejected } from '../../../../domain/rejection.ts'
import type { LineCommand } from './command.ts'
import { entryLines } from './entry-lines.ts'
import { sayPortions } from './say-portions.ts'

export const history: LineCommand = {
  word: 'history',
  usage: '/history [n]',
  help: 'the last n lines of the room',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    const { historyLines, maxHistoryLines } = caller.settings
    const wanted = rest.trim() === '' ? historyLines : Number(rest.trim())
    if (!Number.isInteger(wanted) || wanted < 1) {
      await caller.refuse(rejected('BAD_COMMAND', `type ${history.usage}, with n from 1 to ${maxHistoryLines}`))
      return
    }
    const entries = await session.history(Math.min(wanted, maxHistoryLines))
    const lines = entryLines(entries, caller.linkOf)
    await sayPortions(caller, [`* history of ${session.room}:`, ...lines, '* end of history'])
  },
}
