import { forTerminal } from '#domain/names/text.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { OpenScreen } from '#server/ssh/shell/screen.ts'
import { SystemClock } from '#system/clock.ts'
import { onScreen } from '#terminal/options.ts'
import { RoomClient } from '#terminal/room-client.ts'
import { themes } from '#terminal/rows.ts'
import { runOnScreen } from '#terminal/screen.ts'
import { batchesAtPaceOf } from './paced-batches.ts'

/** The terminal client of `tamtam join`, drawn to a channel of SSH. */
export const openScreen: OpenScreen = async (parts) => {
  const { access, channel, greeting, input, lines, room, rooms, session } = parts
  const words = translatorFor(parts.language, forTerminal)
  const made = Promise.withResolvers<RoomClient>()
  const elsewhere = (message: string) => ({ type: 'rejected', code: 'NOT_HERE', message }) as const
  const terminal = {
    stdin: input as unknown as NodeJS.ReadStream,
    stdout: channel as unknown as NodeJS.WriteStream,
    reflows: parts.reflows,
    measure: () => {},
    // Its shell is on another machine.
    job: undefined,
    suspends: true,
  }
  const ended = runOnScreen(
    terminal,
    (output) => {
      const client = new RoomClient({
        session: room,
        batches$: batchesAtPaceOf(session, channel, () => channel.writableNeedDrain),
        files: {
          early: false,
          autoBytes: undefined,
          send: async (path) => elsewhere(words.say('typeAtYours', { line: lines.send(path) })),
          receive: async (file) => elsewhere(words.say('typeAtYours', { line: lines.get(file) })),
        },
        words,
        clock: new SystemClock(),
        output,
        options: onScreen(parts.colours ? themes.colour : themes.mono),
        host: {
          access,
          base: undefined,
          share: async () => [`* ${lines.share()}`],
          link: async (file) => elsewhere(words.say('typeAtYours', { line: lines.get(file) })),
          speak: () => {},
        },
      })
      made.resolve(client)
      return client
    },
    () => [greeting],
    (client) => ({
      nicks: () => client.session.members.filter(({ id }) => id !== session.id).map(({ name }) => name),
      rooms,
      files: async () => (await session.listFiles()).map(({ file }) => file.name),
      paths: async () => [],
      at: client.at,
    }),
  )
  const client = await made.promise
  return { ended, end: () => client.end({ type: 'quit' }) }
}
