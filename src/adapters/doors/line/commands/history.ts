import { rejected } from '../../../../domain/rejection.ts'
import { isEntry, lastSeqOf, within } from '../../../../domain/room/events.ts'
import type { LineCommand } from './command.ts'
import { entryLines } from './entry-lines.ts'

const PORTION_ENTRIES = 100

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
    let from = Math.max(0, last - count)
    await caller.say(`* history of ${room}:`)
    // What is not said yet stays in the journal, however long it takes to be taken (C61).
    for (let left = count; left > 0; ) {
      const events = within(await session.read(from, Math.min(left, PORTION_ENTRIES)), from + 1, last)
      const newest = events.at(-1)
      if (newest === undefined) break
      const lines = entryLines(events, caller.linkOf)
      if (lines.length > 0) await caller.say(lines.join('\n'))
      from = lastSeqOf(newest)
      left -= events.filter(isEntry).length
    }
    await caller.say('* end of history')
  },
}
