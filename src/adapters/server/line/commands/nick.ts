import type { LineCommand } from './command.ts'

export const nick: LineCommand = {
  word: 'nick',
  usage: '/nick name',
  help: 'be called name',
  async run(caller, rest) {
    if (await caller.ask({ type: 'rename', name: rest.trim() }))
      await caller.say(`* you are now ${caller.session?.member.name}`)
  },
}
