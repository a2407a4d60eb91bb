import type { Command } from 'commander'
import { isRefusal } from '../../adapters/client/failures.ts'
import { gathered } from '../../adapters/client/gathering.ts'
import { HttpSession } from '../../adapters/client/http-session.ts'
import { clientDefaults } from '../defaults.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import { refused } from './failing.ts'
import { type Place, placeOf, run, tellFirstRetry } from './verb.ts'

export const addSay = (program: Command): Command =>
  program
    .command('say')
    .description('say something in a room; it is there when the command ends')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('[text...]', 'what to say; without it each line of standard input')
    .action((address: string, words: string[]) => run(() => say(placeOf(address, process.env), words)))

/** Said at once, when they come quickly; a host takes up to 64 KiB. */
const BATCH_BYTES = 32 * 1024
const BATCH_MS = 50

async function say(place: Place, words: readonly string[]): Promise<void> {
  const session = new HttpSession(place, place.room, clientDefaults)
  session.state$.subscribe((state) => {
    if (state.status === 'retrying') tellFirstRetry(state)
  })
  try {
    if (words.length > 0) accepted(await session.send({ type: 'say', text: words.join(' ') }))
    else for await (const lines of linesOf(process.stdin)) accepted(await session.sendLines(lines))
  } finally {
    session.close()
  }

  function accepted(said: object): void {
    if (isRefusal(said)) throw refused(place.room, said)
  }
}

/** Whole lines, several together where they come quickly; nothing where they are all blank. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const { bytes, last } of gathered(source, BATCH_BYTES, BATCH_MS)) {
    rest = Buffer.concat([rest, bytes])
    const end = last ? rest.length : rest.lastIndexOf('\n') + 1
    const lines = rest.toString('utf8', 0, end)
    rest = rest.subarray(end)
    if (/[^\r\n]/.test(lines)) yield lines
    if (rest.length > BATCH_BYTES) throw new CommandFailed(exitCodes.refused, 'a line is too long; send it as a file')
  }
}
