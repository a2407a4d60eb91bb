import { join } from 'node:path'
import type { HostConfig } from '#app/config.ts'
import type { Tamtam } from '#app/tamtam.ts'
import type { OnTransferUpdate } from '#client/transfers.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused, sendWhenReady } from '#domain/session.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import { Console } from '#terminal/pipes/console.ts'
import { FileSaver } from '#terminal/pipes/file-saver.ts'
import { sourceAt } from '#terminal/pipes/file-source.ts'
import type { FileTransfers } from '#terminal/ports.ts'
import type { RoomClient } from '#terminal/room-client.ts'
import type { StopSignal } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { greetingOf, type HostFacts, listeningLine, pageLink } from './greeting.ts'
import { openTerminal, pathTyped, TypedInput } from './terminal.ts'

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
  if (style === 'json') stdout.write(`${listeningLine(facts)}\n`)
  if (style === 'text') stdout.write(`${greetingOf(facts).join('\n')}\n`)
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
          host: { access: tamtam.roomAccess(session), base: baseOf(facts), bandwidth: tamtam.bandwidth },
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

/** Files of the host's own terminal: they are in this process already. */
function hostFileTransfers(
  session: LocalSession,
  { directory, autoBytes }: { readonly directory: string; readonly autoBytes: number },
): FileTransfers {
  const saver = new FileSaver(directory, session)
  return {
    early: false,
    autoBytes,
    async send(typed, to, tell) {
      const path = await pathTypedAs(pathTyped(typed))
      const source = await sourceAt(path)
      if ('type' in source) return source
      const { size } = source
      try {
        const meta = {
          name: nameAt(path),
          ...(size === undefined ? {} : { size }),
          ...(to === undefined ? {} : { to }),
        }
        const upload = session.upload(source.bytes(), meta)
        tell({ type: 'begins', at: 0, total: size })
        upload.progress$.subscribe(({ bytes }) => tell({ type: 'moved', bytes }))
        return await upload.done
      } finally {
        await source.close()
      }
    },
    async receive({ id }, tell: OnTransferUpdate) {
      const file = session.file(id)
      if (file === undefined) return rejected('NO_SUCH_FILE', 'there is no such file any more')
      if (file.status !== 'whole') return rejected('NO_SUCH_FILE', 'it is not whole yet; try again in a moment')
      tell({ type: 'begins', at: 0, total: file.file.size })
      const path = await saver.save(file.file)
      const receipt = { type: 'receiveFile', file: id } as const
      await sendWhenReady(session, receipt)
      return { path }
    },
  }
}
