import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Observable } from 'rxjs'
import { forTerminal } from '#domain/names/text.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import type { RoomSession } from '#domain/session.ts'
import { type Language, translatorFor } from '#i18n/i18n.ts'
import { SystemClock } from '#system/clock.ts'
import { textLines } from '#system/files/text.ts'
import { reflows } from '#terminal/frame.ts'
import { HISTORY, onScreen, type TerminalOptions } from '#terminal/options.ts'
import { runPlain } from '#terminal/plain.ts'
import type { Ending, FileTransfers, HostControls, JobControl, Output, Refusal, TypedLines } from '#terminal/ports.ts'
import { RoomClient } from '#terminal/room-client.ts'
import { type Paint, themes, unpainted } from '#terminal/rows.ts'
import { LineCount } from './batch.ts'

export interface TerminalParts {
  readonly session: RoomSession
  readonly files: FileTransfers
  /** The existing rooms. */
  readonly rooms: () => Promise<readonly string[]>
  readonly host: HostControls
  readonly language: Language
  readonly plain: boolean
  /** Set for programs, which read and write for hours at their own pace. The end of input ends nothing then. */
  readonly pipes?: { readonly events: TerminalOptions['events']; readonly batches$: Observable<readonly RoomEvent[]> }
  /** The input when no cursor can be moved. */
  readonly typed: TypedLines
  /** Whether Ctrl-Z returns to the shell. */
  readonly suspends: boolean
  /** Lines after the history, before live events. */
  readonly greeting: (paint: Paint) => readonly string[]
  /** Given the client before it begins, for ending it. */
  readonly made?: (client: RoomClient) => void
}

/** Whether the cursor may be moved: on a capable terminal, unless plain lines were requested. */
export function isScreen({ stdin, stdout, env }: NodeJS.Process, plain: boolean): boolean {
  return !plain && stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb'
}

/** Shows a room in this terminal until somebody leaves it. */
export async function openTerminal(parts: TerminalParts, process: NodeJS.Process): Promise<Ending> {
  const { session, files, host, language, greeting, rooms } = parts
  const { pipes } = parts
  const screen = pipes === undefined && isScreen(process, parts.plain)
  const asLines: TerminalOptions = {
    paint: undefined,
    events: pipes?.events ?? 'rows',
    waits: pipes === undefined,
    time: false,
    tall: false,
    echo: false,
    live: false,
    divider: false,
    history: pipes === undefined ? HISTORY : 0,
  }
  const options = screen ? onScreen(process.env['NO_COLOR'] ? themes.mono : themes.colour) : asLines
  const make = (output: Output) => {
    const words = translatorFor(language, forTerminal)
    const paced = pipes === undefined ? {} : { batches$: pipes.batches$ }
    const client = new RoomClient({ session, ...paced, files, words, clock: new SystemClock(), output, options, host })
    parts.made?.(client)
    return client
  }
  const isPaced = pipes !== undefined
  const plain = { paced: isPaced, quiet: pipes?.events === 'none', endsWithInput: !isPaced }
  if (!screen) return await runPlain(process, parts.typed, plain, make, greeting(unpainted))
  // Imported on demand: loading it takes a third of the start, and 20 MB.
  const { runOnScreen } = await import('#terminal/screen.ts')
  const { stdin, stdout, env } = process
  const terminal = {
    stdin,
    stdout,
    reflows: reflows(env),
    // The signal that Node receives from the system.
    measure: () => void process.emit('SIGWINCH', 'SIGWINCH'),
    job: jobOf(process),
    suspends: parts.suspends,
  }
  return await runOnScreen(terminal, make, greeting, (client) => ({
    nicks: () => client.session.members.filter(({ id }) => id !== session.member.id).map(({ name }) => name),
    rooms,
    files: async () => (await session.listFiles()).map(({ file }) => file.name),
    paths: pathsBeginning,
    at: client.at,
  }))
}

/** Standard input, line by line. */
export class TypedInput implements TypedLines {
  readonly count = new LineCount()
  readonly #lines: AsyncGenerator<string | Refusal>

  constructor(stdin: AsyncIterable<Uint8Array>) {
    this.#lines = textLines(stdin)
  }

  async next(): Promise<string | Refusal | undefined> {
    // A terminal that is gone reports EIO: that is the end of input.
    const next = await this.#lines.next().catch(() => undefined)
    return next === undefined || next.done === true ? undefined : next.value
  }

  ended(code: string | undefined): void {
    if (code === undefined) this.count.took(1)
    else this.count.refused()
  }
}

const MOST = 100

/** A path as a shell would read it: `~/` is the home folder. */
export const pathTyped = (typed: string): string => (/^~(?=\/|$)/.test(typed) ? join(homedir(), typed.slice(1)) : typed)

/** The paths that begin like this, as they would be typed; hidden ones only after a dot. */
async function pathsBeginning(begun: string): Promise<readonly string[]> {
  const slash = begun.lastIndexOf('/') + 1
  const [folder, name] = [begun.slice(0, slash), begun.slice(slash)]
  const entries = await readdir(pathTyped(folder === '' ? '.' : folder), { withFileTypes: true })
  return entries
    .filter((entry) => entry.name.startsWith(name) && (name.startsWith('.') || !entry.name.startsWith('.')))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .slice(0, MOST)
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** This process as a job of a shell. While somebody listens, the signals for stopping and continuing are theirs. */
function jobOf(process: NodeJS.Process): JobControl | undefined {
  // Windows has no such signals.
  if (process.platform === 'win32') return undefined
  let listening = { asked: () => {}, wentOn: () => {} }
  const asked = () => listening.asked()
  const wentOn = () => listening.wentOn()
  const off = () => void process.off('SIGTSTP', asked).off('SIGCONT', wentOn)
  const on = () => void process.on('SIGTSTP', asked).on('SIGCONT', wentOn)
  const stop = (who: number) => {
    // Without a listener the system does the default, which is nothing if no shell waits for this job. A stopped job ends at once as well
    // (`kill %1`, a closed window): the terminal belongs to the shell by now, and using it would stop this process again.
    const ending = ENDING.map((signal) => [signal, process.listeners(signal)] as const)
    for (const [signal] of ending) process.removeAllListeners(signal)
    off()
    process.kill(who, 'SIGTSTP')
    on()
    for (const [signal, listeners] of ending) for (const listener of listeners) process.on(signal, listener)
  }
  return {
    listen: (to) => {
      listening = to
      on()
      return off
    },
    // Npm and the launcher belong to this job, and the shell waits for the first of them.
    stopAll: () => stop(0),
    stopSelf: () => stop(process.pid),
  }
}
