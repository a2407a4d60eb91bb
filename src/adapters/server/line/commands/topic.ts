import { forTerminal } from '#domain/names/text.ts'
import type { LineCommand } from './command.ts'

export const topic: LineCommand = {
  word: 'topic',
  usage: '/topic [text]',
  help: 'what the room is about, or set it',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    if (rest.trim() === '')
      await caller.say(session.topic === '' ? '* no topic is set' : `* topic: ${forTerminal(session.topic)}`)
    else if (await caller.ask({ type: 'setTopic', topic: rest.trim() })) await caller.say('* topic set')
  },
}
