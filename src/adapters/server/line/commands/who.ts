import { COSTS, priceOfItems } from '#server/connection/rate-limit.ts'
import { memberText, sendingText } from '#server/connection/wording.ts'
import type { LineCommand } from './command.ts'
import { sayPortions } from './say-portions.ts'

/** Names on one line of the answer. */
const NAMES_A_LINE = 20

export const who: LineCommand = {
  word: 'who',
  usage: '/who',
  help: 'who is here',
  async run(caller) {
    const session = caller.inRoom()
    if (session === undefined) return
    const { files, members } = session
    await caller.pay(priceOfItems(COSTS.members, members.length) + priceOfItems(COSTS.files, files.length))
    const times = new Map<string, number>()
    for (const member of members) {
      const text = memberText(member)
      times.set(text, (times.get(text) ?? 0) + 1)
    }
    const names = Array.from(times, ([text, count]) => `${text}${count > 1 ? ` (${count})` : ''}`)
    const lines = [`* ${members.length} in ${session.room}:`]
    for (let from = 0; from < names.length; from += NAMES_A_LINE)
      lines.push(`*   ${names.slice(from, from + NAMES_A_LINE).join(', ')}`)
    for (const file of files) if (file.status === 'offered') lines.push(`* ${sendingText(file)}`)
    await sayPortions(caller, lines)
  },
}
