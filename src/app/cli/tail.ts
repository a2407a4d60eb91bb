import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { follow } from '#client/event-stream.ts'
import { history } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import { isEntry, lastSeqOf, type RoomEvent } from '#domain/room/events.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { pastLine } from '#i18n/render-event.ts'
import { clientDefaults } from '../defaults.ts'
import { apiOf, print, printJson, type RoomTarget, reportFirstRetry, runShowing, targetOf } from './command.ts'
import { refused } from './failures.ts'

interface TailFlags {
  readonly after?: number
  readonly lines: number
  readonly follow: boolean
  readonly json?: boolean
}

const words = translatorFor('en', forTerminal, false)

/** As many as a host gives at once. */
const PAGE = 500

/** `tamtam tail`. */
export const runTail = (address: string, flags: TailFlags): Promise<void> =>
  runShowing(() => tail(targetOf(address, process.env), flags))

async function tail(target: RoomTarget, flags: TailFlags): Promise<void> {
  const api = apiOf(target)
  const { room } = target
  const newRetries = () => new Retries(clientDefaults, { report: reportFirstRetry })
  try {
    const after = await past(api, newRetries(), room, flags)
    if (!flags.follow) return
    const { silentEventsMs } = clientDefaults
    const events = follow({ api, retries: newRetries(), room, after, silentEventsMs })
    for (let next = await events.next(); ; next = await events.next()) {
      if (next.done !== true) await printEvent(room, next.value, flags)
      else if (next.value !== undefined) throw refused(room, next.value)
      else return
    }
  } finally {
    api.close()
  }
}

/** Shows the entries so far; answers the sequence of the last one. */
async function past(api: ApiClient, retries: Retries, room: string, flags: TailFlags): Promise<number> {
  let after = flags.after
  while (true) {
    const limit = after === undefined ? Math.min(flags.lines, PAGE) : PAGE
    const which = { limit: Math.max(1, limit), ...(after === undefined ? {} : { after }) }
    const page = await retries.until(() => history(api, room, which))
    if (isRefusal(page)) throw refused(room, page)
    const whole = new Set(page.events.flatMap((event) => (event.type === 'fileCompleted' ? [event.file.id] : [])))
    for (const event of limit > 0 ? page.events : []) {
      // Of a file that is there already, its line says all.
      const isPast = event.type === 'fileOffered' && whole.has(event.file.id)
      if (flags.json === true || !isPast) await printEvent(room, event, flags)
    }
    if (after === undefined) return page.last
    const seen = page.events.reduce(
      (most, event) => (isEntry(event) || event.type === 'missed' ? Math.max(most, lastSeqOf(event)) : most),
      after,
    )
    if (seen >= page.last || seen === after) return Math.max(after, page.last)
    after = seen
  }
}

async function printEvent(room: string, event: RoomEvent, { json }: TailFlags): Promise<void> {
  if (json) return await printJson({ room, ...event })
  // A host may send anything, names too.
  const shown = 'by' in event ? { ...event, by: { ...event.by, name: forTerminal(event.by.name) } } : event
  const line = pastLine(shown, words)
  if (line !== '') await print(line.split('\n').map(forTerminal).join('\n'))
}
