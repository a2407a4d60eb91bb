import type { Command } from 'commander'
import { isRefusal } from '#client/errors.ts'
import { HttpSession } from '#client/http-session.ts'
import { history } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/terminal-text.ts'
import { isEntry, lastSeqOf, type RoomEvent } from '#domain/room/events.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { pastLine } from '#i18n/render-event.ts'
import { clientDefaults } from '../defaults.ts'
import { refused } from './failing.ts'
import { countOf, print, printJson, type RoomTarget, runShowing, targetOf, tellFirstRetry } from './verb.ts'

interface TailFlags {
  readonly after?: number
  readonly lines: number
  readonly follow: boolean
  readonly json?: boolean
}

const words = translatorFor('en', forTerminal, false)

/** As many as a host gives at once. */
const PAGE = 500

export const addTail = (program: Command): Command =>
  program
    .command('tail')
    .description('show what was said in a room, and what is said from now on')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--after <seq>', 'everything behind this sequence number', countOf)
    .option('-n, --lines <count>', `the newest so many, at most ${PAGE}`, countOf, 10)
    .option('--follow', 'go on with what is said from now on', true)
    .option('--no-follow', 'end with what is there')
    .option('--json', 'one JSON object a line, with sequence numbers')
    .action((address: string, flags: TailFlags) => runShowing(() => tail(targetOf(address, process.env), flags)))

async function tail(place: RoomTarget, flags: TailFlags): Promise<void> {
  const before = new HttpSession(place, place.room, clientDefaults)
  const last = await past(before, flags)
  before.close()
  if (!flags.follow) return
  const session = new HttpSession(place, place.room, clientDefaults, { after: last })
  session.state$.subscribe((state) => {
    if (state.status === 'retrying') tellFirstRetry(state)
  })
  const events = session.events()
  for (let next = await events.next(); ; next = await events.next()) {
    if (next.done !== true) await show(place.room, next.value, flags)
    else if (next.value !== undefined) throw refused(place.room, next.value)
    else return
  }
}

/** Shows what is there already; answers the sequence it ends with. */
async function past({ link, room }: HttpSession, flags: TailFlags): Promise<number> {
  const retries = new Retries(clientDefaults, { tell: tellFirstRetry })
  let after = flags.after
  while (true) {
    const limit = after === undefined ? Math.min(flags.lines, PAGE) : PAGE
    const which = { limit: Math.max(1, limit), ...(after === undefined ? {} : { after }) }
    const page = await retries.until(() => history(link, room, which))
    if (isRefusal(page)) throw refused(room, page)
    if (limit > 0) for (const event of page.events) await show(room, event, flags)
    if (after === undefined) return page.last
    const seen = page.events.reduce(
      (most, event) => (isEntry(event) || event.type === 'missed' ? Math.max(most, lastSeqOf(event)) : most),
      after,
    )
    if (seen >= page.last || seen === after) return Math.max(after, page.last)
    after = seen
  }
}

async function show(room: string, event: RoomEvent, { json }: TailFlags): Promise<void> {
  if (json) return await printJson({ room, ...event })
  // What comes from a host may be anything, names too.
  const shown = 'by' in event ? { ...event, by: { ...event.by, name: forTerminal(event.by.name) } } : event
  const line = pastLine(shown, words)
  if (line !== '') await print(line.split('\n').map(forTerminal).join('\n'))
}
