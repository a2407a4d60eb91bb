import type { LineCommand } from './command.ts'

export const nick: LineCommand = {
  word: 'nick',
  usage: '/nick name',
  help: 'be called name',
  async run(peer, rest) {
    if (await peer.ask({ type: 'rename', name: rest.trim() }))
      await peer.say(`* you are now ${peer.session?.member.name}`)
  },
}
