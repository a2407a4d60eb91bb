import { forTerminal } from '#domain/names/text.ts'
import type { RoomSession } from '#domain/session.ts'
import { type Language, translatorFor } from '#i18n/i18n.ts'
import { SystemClock } from '#system/clock.ts'
import { runPlain } from '#terminal/plain.ts'
import type { Ending, FileTransfers, Output, OwnWord, TypedLines } from '#terminal/ports.ts'
import { reflows } from '#terminal/reflow.ts'
import { RoomClient, type TerminalOptions } from '#terminal/room-client.ts'
import { themes } from '#terminal/style.ts'
import { jobOf } from './job.ts'
import { pathsBeginning } from './paths.ts'

/** How much of what was said before is shown to whoever comes in. */
const HISTORY = 20

export interface TerminalParts {
  readonly session: RoomSession
  readonly files: FileTransfers
  /** The rooms there are to go to. */
  readonly rooms: () => Promise<readonly string[]>
  readonly own: readonly OwnWord[]
  readonly language: Language
  readonly plain: boolean
  /** What is typed where no cursor moves. */
  readonly typed: TypedLines
  /** Whether Ctrl-Z gives the shell back. */
  readonly suspends: boolean
  /** Lines that stand before all others. */
  readonly greeting: readonly string[]
  /** Hears the client before it begins, to end it. */
  readonly made?: (client: RoomClient) => void
}

/** Whether a cursor may be moved here: on a terminal that can, and where nobody asked for plain lines. */
function isScreen({ stdin, stdout, env }: NodeJS.Process, plain: boolean): boolean {
  return !plain && stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb'
}

/** Shows a room in this terminal until somebody leaves it. */
export async function openTerminal(parts: TerminalParts, process: NodeJS.Process): Promise<Ending> {
  const { session, files, own, language, greeting, rooms } = parts
  const screen = isScreen(process, parts.plain)
  const manner: TerminalOptions = screen
    ? {
        paint: process.env['NO_COLOR'] ? themes.mono : themes.dark,
        time: true,
        tall: true,
        echo: true,
        live: true,
        divider: true,
        history: HISTORY,
      }
    : { paint: undefined, time: false, tall: false, echo: false, live: false, divider: false, history: HISTORY }
  const make = (outlet: Output) => {
    const words = translatorFor(language, forTerminal)
    const client = new RoomClient({ session, files, words, clock: new SystemClock(), outlet, manner, own })
    parts.made?.(client)
    for (const line of greeting) client.show(line)
    return client
  }
  if (!screen) return await runPlain(process, parts.typed, make)
  // Only where it is used: loading it takes a third of the start, and 20 MB.
  const { runOnScreen } = await import('#terminal/screen.ts')
  const { stdin, stdout, env } = process
  const terminal = {
    stdin,
    stdout,
    reflows: reflows(env),
    // What Node does when the system tells it so.
    look: () => void process.emit('SIGWINCH', 'SIGWINCH'),
    job: jobOf(process),
    suspends: parts.suspends,
  }
  return await runOnScreen(terminal, make, (client) => ({
    nicks: () => client.session.members.filter(({ id }) => id !== session.member.id).map(({ name }) => name),
    rooms,
    files: async () => (await session.listFiles()).map(({ file }) => file.name),
    paths: pathsBeginning,
    own: own.map(({ word }) => word),
  }))
}
