import type { LineCommand } from './command.ts'

export const me: LineCommand = {
  word: 'me',
  usage: '/me text',
  help: 'say what you do: * name text',
  async run(caller, rest) {
    await caller.ask({ type: 'act', text: rest })
  },
}
