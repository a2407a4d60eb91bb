import type { LineCommand } from './command.ts'

export const quit: LineCommand = {
  word: 'quit',
  usage: '/quit',
  help: 'leave and hang up',
  async run(caller) {
    void caller.say('* bye')
    caller.quit()
  },
}
