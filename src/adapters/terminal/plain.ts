import type { Writable } from 'node:stream'
import { executeCommand } from './execute-command.ts'
import type { Ending, Output, TypedLines } from './ports.ts'
import type { RoomClient } from './room-client.ts'
import { RowFeed } from './row-feed.ts'

/** So many lines may wait for their answers; then no more is read. */
const MOST_WAITING = 64
const LEAVING = /^\/(?:join|quit)\b/
const TRANSFER = /^(?:\/send|\/get|SEND)\b/

export interface Pipes {
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
}

export interface PlainOptions {
  /** Every row is written at once, because the rows come no faster than they are read; else a slow reader misses the oldest. */
  readonly paced: boolean
  /** Nothing but failures is talked about. */
  readonly quiet: boolean
  /** Whether the end of input is the client's end. */
  readonly endsWithInput: boolean
}

/**
 * A client that writes one line an event and moves no cursor: for screen readers, simple terminals and pipes. Input behind a change of room is
 * for the client of that room. A reader that is too slow misses the oldest lines, and is told how many.
 */
export async function runPlain(
  { stdout, stderr }: Pipes,
  typed: TypedLines,
  { paced, quiet, endsWithInput }: PlainOptions,
  make: (output: Output) => RoomClient,
  greeting: readonly string[],
): Promise<Ending> {
  const skipped = (count: number): string => `* ${client.words.say('skipped', { count })}`
  const data = paced ? new DirectRows(stdout) : new RowFeed({ to: stdout, skipped })
  const talk = new RowFeed({ to: stderr, skipped })
  const client = make({
    print: (row) => data.add(row),
    notice: (row) => {
      if (!quiet || row.startsWith('!')) talk.add(row)
    },
    bell: () => {
      if (stdout.isTTY === true) stdout.write('\x07')
    },
    changed: () => {},
  })
  await client.start(greeting)
  void readAll(client, typed).then(() => {
    if (endsWithInput) client.end({ type: 'quit' })
  })
  const ending = await client.ended
  for (const feed of [data, talk]) feed.end()
  return ending
}

/** `tamtam | head -1` ends the reader of our output, and nothing else (C89). */
class DirectRows {
  readonly #to: Writable

  constructor(to: Writable) {
    this.#to = to
  }

  add(row: string): void {
    if (this.#to.writable) this.#to.write(`${row}\n`)
  }

  end(): void {}
}

async function readAll(client: RoomClient, typed: TypedLines): Promise<void> {
  let over = false
  void client.ended.then(() => {
    over = true
  })
  const waiting = new Map<Promise<void>, string>()
  while (true) {
    const line = await typed.next()
    if (line === undefined) break
    client.attention.touch()
    if (typeof line !== 'string') {
      typed.ended(client.refused(line))
      continue
    }
    // Before leaving, earlier input is answered. A transfer may take long, and is cut.
    if (LEAVING.test(line))
      await Promise.all([...waiting].flatMap(([done, before]) => (TRANSFER.test(before) ? [] : [done])))
    const done: Promise<void> = executeCommand(client, line).then((code) => {
      typed.ended(code)
      waiting.delete(done)
    })
    waiting.set(done, line)
    if (LEAVING.test(line)) await done
    else if (waiting.size >= MOST_WAITING) await Promise.race(waiting.keys())
    if (over) return
  }
  await Promise.all(waiting.keys())
}
