import type { LineCommand } from './command.ts'

export const quit: LineCommand = {
  word: 'quit',
  usage: '/quit',
  help: 'leave and hang up',
  async run(caller) {
    await caller.say('* bye')
    caller.quit()
  },
}
