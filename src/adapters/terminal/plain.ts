import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { actOn } from './act-on.ts'
import type { RoomClient } from './room-client.ts'
import { RowFeed } from './row-feed.ts'
import type { Ending, Outlet } from './surroundings.ts'

/** So many lines may wait for their answers; then no more is read. */
const MOST_WAITING = 64

export interface Pipes {
  readonly stdin: Readable
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
}

/**
 * A client that writes one line an event and moves no cursor: for screen readers, simple terminals and pipes. The end of input ends it.
 * A reader that is too slow misses the oldest lines, and is told how many.
 */
export async function runPlain(
  { stdin, stdout, stderr }: Pipes,
  make: (outlet: Outlet) => RoomClient,
): Promise<Ending> {
  const skipped = (count: number): string => `* ${client.words.say('skipped', { count })}`
  const [data, talk] = [new RowFeed({ to: stdout, skipped }), new RowFeed({ to: stderr, skipped })]
  const client = make({
    show: (row) => data.add(row),
    talk: (row) => talk.add(row),
    bell: () => {
      if (stdout.isTTY === true) stdout.write('\x07')
    },
    changed: () => {},
  })
  await client.start()
  const input = createInterface({ input: stdin, terminal: false })
  void readAll(client, input)
  const ending = await client.ended
  input.close()
  for (const feed of [data, talk]) feed.end()
  return ending
}

async function readAll(client: RoomClient, input: AsyncIterable<string>): Promise<void> {
  const waiting = new Set<Promise<void>>()
  for await (const line of input) {
    client.attention.touch()
    const done: Promise<void> = actOn(client, line).finally(() => waiting.delete(done))
    waiting.add(done)
    if (waiting.size >= MOST_WAITING) await Promise.race(waiting)
  }
  await Promise.all(waiting)
  client.end({ type: 'quit' })
}
