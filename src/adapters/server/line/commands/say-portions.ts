import type { Portion } from '#server/connection/history-pages.ts'
import { COSTS, priceOfItems } from '#server/connection/rate-limit.ts'
import type { Caller } from './command.ts'
import { entryLines } from './entry-lines.ts'

const PORTION_CHARS = 64 * 1024

/** Says a long answer in portions, each when the one before was taken: whoever asks and does not read costs one of them (C61). */
export async function sayPortions(caller: Caller, lines: Iterable<string>): Promise<void> {
  let portion: string[] = []
  let chars = 0
  for (const line of lines) {
    portion.push(line)
    chars += line.length
    if (chars < PORTION_CHARS) continue
    await caller.say(portion.join('\n'))
    portion = []
    chars = 0
  }
  if (portion.length > 0) await caller.say(portion.join('\n'))
}

/** The same of entries, each portion once it is paid for. */
export async function sayEntries(caller: Caller, portions: AsyncIterable<Portion>): Promise<void> {
  for await (const { events, read } of portions) {
    await caller.pay(priceOfItems(COSTS.history, read))
    const lines = entryLines(events, caller.linkOf)
    if (lines.length > 0) await caller.say(lines.join('\n'))
  }
}
