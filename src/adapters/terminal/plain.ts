import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { actOn } from './act-on.ts'
import type { RoomClient } from './room-client.ts'
import type { Ending, Outlet } from './surroundings.ts'

/** So many lines may wait for their answers; then no more is read. */
const MOST_WAITING = 64

export interface Pipes {
  readonly stdin: Readable
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
}

/** A client that writes one line an event and moves no cursor: for screen readers, simple terminals and pipes. The end of input ends it. */
export async function runPlain(
  { stdin, stdout, stderr }: Pipes,
  make: (outlet: Outlet) => RoomClient,
): Promise<Ending> {
  const client = make({
    show: (row) => void stdout.write(`${row}\n`),
    talk: (row) => void stderr.write(`${row}\n`),
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
