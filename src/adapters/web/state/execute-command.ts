import { parseLine } from '#protocol/parse-command.ts'
import { ask } from './ask.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** Executes the input of the message field: the same words as in the terminal. `to`: the addressee of a whisper. */
export function executeCommand(page: Page, room: Room, line: string, to: string | undefined): void {
  const { say } = page.words.value
  const { store, outbox, notices } = room
  const parsed = parseLine(line, { at: 'page' })
  switch (parsed.type) {
    case 'nothing':
      break
    case 'say':
      outbox.say(to === undefined ? parsed : { type: 'whisper', to, text: parsed.text })
      break
    case 'act':
    case 'whisper':
      outbox.say(parsed)
      break
    case 'topic':
      if (parsed.topic !== undefined) ask(page, room, { type: 'setTopic', topic: parsed.topic })
      else {
        const { topic } = store.facts.peek()
        notices.add(topic === '' ? say('noTopic') : say('topicIs', { topic }))
      }
      break
    case 'ask': {
      const { command } = parsed
      // `/away` without a reason ends it again.
      const isBack = command.type === 'away' && command.reason === undefined && store.member.peek().away !== undefined
      ask(page, room, isBack ? { type: 'back' } : command)
      break
    }
    case 'join':
      page.go(parsed.room, parsed.password)
      break
    case 'search':
      room.show({ type: 'search', query: parsed.query })
      break
    case 'help':
      room.show({ type: 'help' })
      break
    case 'part':
    case 'quit':
      page.ask(undefined, parsed.message)
      break
    case 'history':
      void room.timeline.older()
      break
    case 'send':
      if (parsed.to !== undefined) room.writeTo(parsed.to)
      // At once: browsers open it only for somebody who has just pressed something.
      document.getElementById('files')?.click()
      break
    default:
      // Loaded when somebody types one of them.
      import('./more-commands.ts')
        .then(({ executeMore }) => executeMore(page, room, parsed))
        .catch(() => page.tell('notReached'))
  }
}
