import { rejected } from '#domain/errors.ts'
import { portionsAfter } from '#server/connection/history-pages.ts'
import { COSTS, priceOf } from '#server/connection/rate-limit.ts'
import type { LineCommand } from './command.ts'
import { sayEntries } from './say-portions.ts'

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
    const { last, room } = session
    const count = Math.min(wanted, maxHistoryLines)
    await caller.pay(priceOf(COSTS.history))
    await caller.say(`* history of ${room}:`)
    await sayEntries(caller, portionsAfter(session, Math.max(0, last - count), last + 1, count))
    await caller.say('* end of history')
  },
}
