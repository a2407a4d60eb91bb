import { join } from 'node:path'
import type { HostConfig } from '#app/config.ts'
import type { Tamtam } from '#app/index.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused } from '#domain/session.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { Console } from '#terminal/pipes/console.ts'
import { FileSaver } from '#terminal/pipes/file-saver.ts'
import { greetingOf, type HostFacts, pageLink } from '#terminal/pipes/greeting.ts'
import { limitWord } from '#terminal/pipes/limit-word.ts'
import type { OwnWord } from '#terminal/ports.ts'
import type { RoomClient } from '#terminal/room-client.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import type { StopSignal } from '../signals.ts'
import { hostFileTransfers } from './host-files.ts'
import { keyWords } from './key-words.ts'
import { openTerminal } from './open-terminal.ts'
import { TypedInput } from './typed-input.ts'

export interface HostTerminalParts {
  readonly tamtam: Tamtam
  readonly config: HostConfig
  readonly process: NodeJS.Process
  readonly data: string | undefined
  readonly facts: HostFacts
  readonly stopped: StopSignal
}

/** Somebody at the host's own terminal, or pipes. */
export interface HostTerminal {
  close(): Promise<void>
}

/** The host's own place in its room: what anybody has who joins where a person sits, and lines or JSON where programs read. */
export async function enter(parts: HostTerminalParts): Promise<HostTerminal> {
  const { tamtam, config, process } = parts
  try {
    const session = await tamtam.engine.join({ room: config.room, name: config.name, role: 'owner' })
    const person = process.stdin.isTTY === true && process.stdout.isTTY === true && !config.json && !config.quiet
    return person ? atTerminal(parts, session) : atPipes(parts, session)
  } catch (error) {
    await tamtam.stop()
    if (error instanceof Refused) throw new CommandFailed(exitCodes.usage, error.message, { cause: error })
    throw error
  }
}

function atPipes({ tamtam, config, process, data, facts }: HostTerminalParts, session: LocalSession): HostTerminal {
  const { stdin, stdout, stderr } = process
  const directory = saveInto(config, data)
  // Nobody looks after a folder that nobody asked for: what lies in it is bounded as the room is.
  const bound = config.save === undefined ? { withRoom: { quotaBytes: config.roomQuota } } : {}
  const saver = directory === undefined ? undefined : new FileSaver(directory, session, bound)
  const style = config.json ? 'json' : config.quiet ? 'quiet' : 'text'
  const { bandwidth } = tamtam
  const desk = { bandwidth, keys: tamtam.roomAccess(session), base: baseOf(facts), saver }
  const console = new Console({ session, ...desk, stdin, stdout, stderr, style })
  console.announce(facts)
  return { close: async () => console.close() }
}

function atTerminal(parts: HostTerminalParts, first: LocalSession): HostTerminal {
  const { tamtam, config, process, data, facts, stopped } = parts
  let shown: RoomClient | undefined
  const language = config.lang ?? languageOf(process.env)
  const words = translatorFor(language, forTerminal)
  const { say, refusal } = words
  const directory = saveInto(config, data)
  const into = { directory: directory ?? '.', autoBytes: directory === undefined ? 0 : Number.POSITIVE_INFINITY }
  const limit: OwnWord = {
    word: 'limit',
    takes: '[5M|off]',
    about: 'helpLimit',
    read: (rest) => limitWord(rest, tamtam.bandwidth),
  }
  const typed = new TypedInput(process.stdin)
  const rooms = async () => (await tamtam.engine.rooms()).map(({ name }) => name)

  async function stay(): Promise<void> {
    let session = first
    for (let greeting = greetingOf(facts); ; ) {
      const ending = await openTerminal(
        {
          session,
          files: hostFileTransfers(session, into),
          rooms,
          own: [limit, ...keyWords(tamtam.roomAccess(session), session.room, baseOf(facts), words)],
          language,
          plain: config.plain,
          typed,
          // It would stop the host for everybody.
          suspends: false,
          greeting,
          made: (client) => {
            shown = client
          },
        },
        process,
      )
      if (ending.type !== 'room') return
      const { name } = session.member
      await session.close()
      const next = await tamtam.engine.join({ room: ending.room, name, role: 'owner' }).catch(refusalOf)
      const refused = next instanceof Refused
      greeting = refused ? [`! ${next.code} ${refusal(next.rejected)}`] : [`* ${say('inRoom', { room: ending.room })}`]
      session = refused ? await tamtam.engine.join({ room: session.room, name, role: 'owner' }) : next
    }
  }

  const ended = stay().then(
    () => stopped.now(exitCodes.done, 'the host stops; come back in a moment'),
    (error: unknown) => stopped.now(exitCodes.bug, `a bug of ours: ${error instanceof Error ? error.stack : error}`),
  )
  return {
    close: async () => {
      shown?.end({ type: 'quit' })
      await ended
    },
  }
}

/** For people elsewhere, where there are any. */
const baseOf = ({ token: _, ...facts }: HostFacts): string =>
  new URL(pageLink({ ...facts, address: facts.reachable[0] ?? facts.host })).origin

const saveInto = (config: HostConfig, data: string | undefined): string | undefined =>
  config.save ?? (data === undefined ? undefined : join(data, 'terima'))

function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
}
