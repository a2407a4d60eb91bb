import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { isRefusal } from '../../adapters/client/failures.ts'
import { HttpSession } from '../../adapters/client/http-session.ts'
import { clientDefaults } from '../defaults.ts'
import { refused } from './failing.ts'
import { type Place, placeOf, run } from './verb.ts'

export const addSay = (program: Command): Command =>
  program
    .command('say')
    .description('say something in a room; it is there when the command ends')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('[text...]', 'what to say; without it each line of standard input')
    .action((address: string, words: string[]) => run(() => say(placeOf(address, process.env), words)))

async function say(place: Place, words: readonly string[]): Promise<void> {
  const session = new HttpSession(place, place.room, clientDefaults)
  const texts = words.length > 0 ? [words.join(' ')] : createInterface({ input: process.stdin, crlfDelay: Infinity })
  try {
    for await (const text of texts) {
      if (text === '') continue
      const said = await session.send({ type: 'say', text })
      if (isRefusal(said)) throw refused(place.room, said)
    }
  } finally {
    session.close()
  }
}
