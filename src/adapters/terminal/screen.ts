import { render, Text, useApp, useCursor, useInput, usePaste, useStdout, useWindowSize } from 'ink'
import { createElement, useEffect, useState } from 'react'
import { wrapped } from './cells.ts'
import { type Frame, frameOf, takenAway } from './frame.ts'
import { strokesOf } from './line-editor.ts'
import type { Ending, JobControl, Output } from './ports.ts'
import type { RoomClient } from './room-client.ts'
import { RowFeed } from './row-feed.ts'
import type { Paint } from './rows.ts'
import { type Sources, Typing } from './typing.ts'

/** So often is shown how far transfers are. */
const FRAME_MS = 100

export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** Whether it wraps its rows when it becomes narrower. */
  readonly reflows: boolean
  /** Measures its size now, and tells the listeners where it has changed: the system's own signal comes a moment late. */
  measure(): void
  /** Undefined where there is no such thing. */
  readonly job: JobControl | undefined
  /** Whether Ctrl-Z gives the shell back. */
  readonly suspends: boolean
}

/** Leaves the terminal as it was found, and takes it back, with the frame drawn anew, when the other use is over. */
type Lend = (away: () => Promise<void>) => Promise<unknown>

type Listener = () => void

/** Watched by the components: something has changed. Of several changes while the terminal takes nothing the last is shown, once it does. */
class Changes {
  readonly #isOpen: () => boolean
  #listener: Listener = () => {}
  #isMissed = false

  constructor(isOpen: () => boolean) {
    this.#isOpen = isOpen
  }

  readonly tell = (): void => {
    this.#isMissed = !this.#isOpen()
    if (!this.#isMissed) this.#listener()
  }

  readonly drained = (): void => {
    if (this.#isMissed) this.tell()
  }

  listen(listener: Listener): Listener {
    this.#listener = listener
    return () => {
      this.#listener = () => {}
    }
  }
}

/**
 * A client on a terminal that can move its cursor. Lines are written above the frame, as wide as the terminal is then, and are its
 * own from then on: it keeps, scrolls and wraps them.
 */
export async function runOnScreen(
  { stdin, stdout, reflows, measure, job, suspends }: Terminal,
  make: (output: Output) => RoomClient,
  greeting: (paint: Paint) => readonly string[],
  sourcesOf: (client: RoomClient) => Sources,
): Promise<Ending> {
  const changes = new Changes(() => !stdout.writableNeedDrain)
  let write: (text: string) => void = (text) => void stdout.write(text)
  const feed = new RowFeed({
    to: stdout,
    write: (text) => write(text),
    skipped: (count) => `* ${client.words.say('skipped', { count })}`,
    shaped: (row) => wrapped(row, stdout.columns),
  })
  const client: RoomClient = make({
    print: (row) => feed.add(row),
    notice: (row) => feed.add(row),
    bell: () => write('\x07'),
    changed: changes.tell,
  })
  const typing = new Typing(client, sourcesOf(client), changes.tell, () => {
    if (suspends) job && away(job.stopAll)
    else client.notice('hostGoesOn')
  })
  // What was said before, and the greeting, already stand above the first frame.
  await client.start(greeting(client.paint))
  feed.end()
  let made: Frame | undefined
  let drawn: Frame | undefined
  let { columns } = stdout
  const resized = () => {
    if (reflows && drawn !== undefined && stdout.columns < columns) stdout.write(takenAway(drawn, stdout.columns))
    columns = stdout.columns
  }
  let lend: Lend | undefined
  /** The terminal is the shell's while this process is stopped; output meanwhile waits, and is shown then. */
  const away = (stop: () => void) => {
    const lent = lend
    // It is away already.
    if (lent === undefined) return
    lend = undefined
    feed.hold()
    const stopped = async () => {
      drawn = undefined
      await taken(stdout)
      stop()
      // It may be another size now.
      measure()
      columns = stdout.columns
    }
    void lent(stopped).finally(() => {
      lend = lent
      feed.release()
    })
  }
  const unlisten = job?.listen({
    asked: () => away(job.stopSelf),
    // The terminal is as the shell left it, with its own lines where the frame was: that stays, and the frame goes below.
    wentOn: () => {
      stdout.write('\n'.repeat(drawn?.lines.length ?? 0))
      away(() => {})
    },
  })
  // Before Ink hears of it, which takes away as many rows as there were lines.
  stdout.on('resize', resized).on('drain', changes.drained)
  const app = render(
    createElement(Room, {
      client,
      typing,
      changes,
      feed,
      measure,
      made: (frame) => {
        made = frame
      },
      written: (own) => {
        write = own
      },
      lent: (own) => {
        lend = own
      },
    }),
    {
      stdin,
      stdout,
      exitOnCtrlC: false,
      patchConsole: false,
      interactive: true,
      onRender: () => {
        drawn = made
      },
    },
  )
  await app.waitUntilRenderFlush()
  const ending = await client.ended
  unlisten?.()
  feed.end()
  stdout.off('resize', resized).off('drain', changes.drained)
  app.unmount()
  await app.waitUntilExit()
  return ending
}

interface RoomProps {
  readonly client: RoomClient
  readonly typing: Typing
  readonly changes: Changes
  readonly feed: RowFeed
  readonly measure: () => void
  /** Called with each frame to draw. */
  readonly made: (frame: Frame) => void
  /** Hears how to write above the frame. */
  readonly written: (write: (text: string) => void) => void
  /** Hears how the terminal is lent. */
  readonly lent: (lend: Lend) => void
}

function Room({ client, typing, changes, feed, measure, made, written, lent }: RoomProps) {
  const [, show] = useState(0)
  const { write } = useStdout()
  const { suspendTerminal } = useApp()
  const { columns } = useWindowSize()
  const { setCursorPosition } = useCursor()
  useEffect(() => written(write), [written, write])
  useEffect(() => lent((away) => suspendTerminal(away)), [lent, suspendTerminal])
  useEffect(() => changes.listen(() => show((count) => count + 1)), [changes])
  useEffect(() => {
    // Transfers and silences go on without news; a terminal that takes nothing is told nothing.
    const timer = setInterval(() => {
      if (!client.busy || !feed.open) return
      measure()
      changes.tell()
    }, FRAME_MS)
    return () => clearInterval(timer)
  }, [client, changes, feed, measure])
  useInput((input, key) => {
    for (const stroke of strokesOf(input, key)) typing.press(stroke)
  })
  usePaste((text) => typing.press({ type: 'pasted', text }))
  const frame = frameOf(client, typing.editor, columns)
  const { lines, column } = frame
  // Not an effect: Ink draws before those run, and needs the frame by then.
  made(frame)
  setCursorPosition({ x: column, y: lines.length - 1 })
  return createElement(Text, { wrap: 'truncate' }, lines.join('\n'))
}

/** Resolves when the terminal has taken all written bytes. */
const taken = (stdout: NodeJS.WriteStream): Promise<void> => new Promise((resolve) => stdout.write('', () => resolve()))
