import type { LineCommand } from './command.ts'

export const token: LineCommand = {
  word: 'token',
  usage: '/token token',
  help: 'show the token of this host; nobody else sees it',
  async run(caller, rest) {
    await caller.show(rest.trim())
    await caller.say('* the token is kept for the rooms that you join')
  },
}
