import { rejected } from '#domain/errors.ts'
import { searched, searchFault } from '#server/connection/history-pages.ts'
import { COSTS, priceOf, priceOfItems } from '#server/connection/rate-limit.ts'
import type { LineCommand } from './command.ts'
import { sayEntries } from './say-portions.ts'

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
    const fault = searchFault(rest)
    if (fault !== undefined) {
      await caller.refuse(fault)
      return
    }
    await caller.pay(priceOf(COSTS.search))
    const { count, portions } = await searched(session, rest, caller.settings.maxHistoryLines)
    await caller.pay(priceOfItems(COSTS.search, count))
    await caller.say(`* found ${count === 1 ? '1 line' : `${count} lines`}:`)
    await sayEntries(caller, portions)
    await caller.say('* end of search')
  },
}
