import { hostname } from 'node:os'
import { join } from 'node:path'
import type { HostConfig } from '#app/config.ts'
import { batchesAtPaceOf } from '#app/paced-batches.ts'
import type { Tamtam } from '#app/tamtam.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused } from '#domain/session.ts'
import { linkTo } from '#i18n/format.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import type { RoomClient } from '#terminal/room-client.ts'
import { type Paint, refusalRow } from '#terminal/rows.ts'
import type { StopSignal } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import {
  firstScreen,
  greetingOf,
  type HostFacts,
  isForOthers,
  linkBase,
  listeningLine,
  shareRows,
  withCode,
} from './greeting.ts'
import { FileSaver, hostFileTransfers } from './host-files.ts'
import { stackOf } from './stack.ts'
import { isScreen, openTerminal, TypedInput } from './terminal.ts'

export interface HostTerminalParts {
  readonly tamtam: Tamtam
  readonly config: HostConfig
  readonly process: NodeJS.Process
  readonly data: string | undefined
  readonly facts: HostFacts
  readonly stopped: StopSignal
}

/** The member at the host's own terminal or pipes. */
export interface HostTerminal {
  close(): Promise<void>
}

/** Joins the host's own room, with the same client as everybody: at a terminal, or at pipes for people or programs. */
export async function enter(parts: HostTerminalParts): Promise<HostTerminal> {
  const { tamtam, config } = parts
  if (config.unattended) return unattended(parts)
  try {
    return stayIn(await ownMember(tamtam, config), parts)
  } catch (error) {
    await tamtam.stop()
    if (error instanceof Refused) throw new CommandFailed(exitCodes.usage, error.message, { cause: error })
    throw error
  }
}

/** All nodes of a cluster start with the same name. Once one has it, the others add their own. */
async function ownMember(
  { engine }: Tamtam,
  { room, name, cluster, node = hostname() }: HostConfig,
): Promise<LocalSession> {
  try {
    return await engine.join({ room, name, role: 'owner' })
  } catch (error) {
    if (cluster === undefined || !(error instanceof Refused) || error.code !== 'NAME_TAKEN') throw error
    return await engine.join({ room, name: `${name}-${node.replace(/[^\w-]/g, '-')}`, role: 'owner' })
  }
}

/** A host without a user is no member of any room. */
function unattended({ config, facts, process }: HostTerminalParts): HostTerminal {
  const words = translatorFor(config.lang ?? languageOf(process.env), forTerminal)
  // The last line of a greeting is for a person at a keyboard.
  const lines = config.json ? [listeningLine(facts)] : config.quiet ? [] : greetingOf(facts, words).slice(0, -1)
  for (const line of lines) process.stdout.write(`${line}\n`)
  return { close: async () => {} }
}

export function stayIn(
  first: LocalSession,
  { tamtam, config, process, data, facts, stopped }: HostTerminalParts,
): HostTerminal {
  let shown: RoomClient | undefined
  let isClosing = false
  const isPerson = process.stdin.isTTY === true && process.stdout.isTTY === true && !config.json && !config.quiet
  const style = isPerson ? 'person' : config.json ? 'json' : config.quiet ? 'quiet' : 'text'
  let language = config.lang ?? languageOf(process.env)
  const words = () => translatorFor(language, forTerminal)
  const typed = new TypedInput(process.stdin)
  const rooms = async () => (await tamtam.engine.rooms()).map(({ name }) => name)
  const saverFor = (session: LocalSession) => {
    const directory = saveInto(config, data)
    if (directory === undefined) return undefined
    // Nobody looks after a default folder: its content is bounded like the room's.
    const isBounded = !isPerson && config.save === undefined
    return new FileSaver(directory, session, {
      prefix: config.prefix,
      ...(isBounded ? { withRoom: { quotaBytes: config.roomQuota } } : {}),
    })
  }

  const firstLines = (paint: Paint): readonly string[] => {
    if (style === 'json') return [listeningLine(facts)]
    if (style === 'quiet') return []
    return isScreen(process, config.plain)
      ? firstScreen(facts, words(), paint, process.stdout.rows)
      : greetingOf(facts, words())
  }

  const base = baseOf(facts) + (facts.publicUrl === undefined ? (config.basePath ?? '') : '')

  async function run(): Promise<void> {
    let session = first
    for (let greeting = firstLines; ; ) {
      const ending = await openTerminal(
        {
          session,
          files: hostFileTransfers(session, saverFor(session)),
          rooms,
          host: {
            access: tamtam.roomAccess(session),
            base,
            bandwidth: tamtam.bandwidth,
            share: async (paint, words) =>
              shareRows(await withCode({ ...facts, room: session.room }, process), words, paint),
            link: async (file) => ({
              url: linkTo(base, tamtam.fileLink(session, file)),
              onlyHere: !isForOthers(facts),
            }),
            speak: (chosen) => {
              language = chosen
            },
          },
          language,
          plain: config.plain,
          ...(isPerson ? {} : { pipes: { events: EVENTS[style], batches$: batchesAtPaceOf(session, process.stdout) } }),
          typed,
          // Suspending would stop the host for everybody.
          suspends: false,
          greeting,
          made: (client) => {
            shown = client
            // A stop was requested while the host was still starting.
            if (isClosing) client.end({ type: 'quit' })
          },
        },
        process,
      )
      if (ending.type !== 'room') return
      const { name } = session.member
      await session.close()
      const next = await tamtam.engine.join({ room: ending.room, name, role: 'owner' }).catch(refusalOf)
      const { say, refusal } = words()
      const told = (paint: Paint) =>
        next instanceof Refused
          ? refusalRow(next.code, refusal(next.rejected), paint)
          : `* ${say('inRoom', { room: ending.room })}`
      greeting = (paint) => (style === 'json' ? [] : [told(paint)])
      session = next instanceof Refused ? await tamtam.engine.join({ room: session.room, name, role: 'owner' }) : next
    }
  }

  const ended = run().then(
    () => stopped.now(exitCodes.done, 'the host stops; come back in a moment'),
    (error: unknown) => stopped.now(exitCodes.bug, `a bug of ours: ${stackOf(error)}`),
  )
  return {
    close: async () => {
      // Programs are told everything until the host has stopped.
      if (!isPerson) return void process.stdin.pause()
      isClosing = true
      shown?.end({ type: 'quit' })
      await ended
    },
  }
}

const EVENTS = { person: 'rows', text: 'rows', json: 'json', quiet: 'none' } as const

/** The link base for people on other machines, if the host serves any. */
const baseOf = (facts: HostFacts): string => linkBase({ ...facts, address: facts.reachable[0] ?? facts.host })

const saveInto = (config: HostConfig, data: string | undefined): string | undefined =>
  config.save ?? (data === undefined ? undefined : join(data, 'terima'))

function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
}
