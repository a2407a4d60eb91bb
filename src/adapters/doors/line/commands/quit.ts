import type { LineCommand } from './command.ts'

export const quit: LineCommand = {
  word: 'quit',
  usage: '/quit',
  help: 'leave and hang up',
  async run(peer) {
    await peer.say('* bye')
    peer.quit()
  },
}
