import { type Rejected, rejected } from '#domain/errors.ts'
import { refusalFor } from '#domain/room/moderation.ts'
import { away } from './away.ts'
import { back } from './back.ts'
import { ban } from './ban.ts'
import { collect } from './collect.ts'
import type { Caller, LineCommand } from './command.ts'
import { deop } from './deop.ts'
import { files } from './files.ts'
import { get } from './get.ts'
import { history } from './history.ts'
import { invite } from './invite.ts'
import { join } from './join.ts'
import { kick } from './kick.ts'
import { lock } from './lock.ts'
import { me } from './me.ts'
import { msg } from './msg.ts'
import { mute } from './mute.ts'
import { nick } from './nick.ts'
import { op } from './op.ts'
import { part } from './part.ts'
import { password } from './password.ts'
import { quit } from './quit.ts'
import { search } from './search.ts'
import { token } from './token.ts'
import { topic } from './topic.ts'
import { unban } from './unban.ts'
import { unlock } from './unlock.ts'
import { unmute } from './unmute.ts'
import { who } from './who.ts'

const commands: readonly LineCommand[] = [
  ...[nick, join, part, who, msg, me, away, back, topic, history, search, files, get],
  ...[kick, mute, unmute, ban, unban, op, deop, lock, unlock, collect, password, invite],
  token,
  quit,
]

/** Runs a slash word. One that we do not know gets a hint and is never said to the room. */
export async function runCommand(caller: Caller, word: string, rest: string): Promise<void> {
  if (word === 'help') {
    await caller.say(help(caller))
    return
  }
  const command = commands.find((each) => each.word === word)
  if (command === undefined) await caller.refuse(unknown(word))
  else await command.run(caller, rest)
}

function unknown(word: string): Rejected {
  const near =
    word === '' ? undefined : commands.find((each) => each.word.startsWith(word) || word.startsWith(each.word))
  const hint = near === undefined ? '/help lists what there is' : `did you mean ${near.usage}?`
  return rejected('BAD_COMMAND', `no such command: ${hint} (to say a line that begins with a slash, type // first)`)
}

/** Lists what the caller may do. */
function help({ session }: Caller): string {
  const may = ({ verb }: LineCommand) =>
    verb === undefined || refusalFor(session?.member.role ?? 'member', verb) === undefined
  return [
    ...commands.filter(may).map(({ usage, help: what }) => `* ${usage.padEnd(22)} ${what}`),
    '* /help                  this list',
    '* //text                 say /text',
    '* SEND name              send a file: its bytes follow, then //AGUEL//TAMTAM//',
    '* /put size name         send a file: exactly as many bytes follow; /put @nick size name: to nick only',
  ].join('\n')
}
