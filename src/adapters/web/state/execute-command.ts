import type { ClientCommand } from '#domain/room/commands.ts'
import { typedLine } from '#terminal/commands.ts'
import { changeKeys, keyWords } from './key-words.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

const KEY_WORDS = keyWords.map(({ word }) => word)

/** Does what was typed into the message field: the same words as in the terminal. `to`: who it is whispered to. */
export function executeCommand(page: Page, room: Room, line: string, to: string | undefined): void {
  const { say } = page.words.value
  const { place, outbox, notices } = room
  const typed = typedLine(line, KEY_WORDS)
  const refuse = (text: string) => notices.tell(text, 'wrong')
  switch (typed.type) {
    case 'nothing':
      break
    case 'say':
      outbox.say(to === undefined ? typed : { type: 'whisper', to, text: typed.text })
      break
    case 'act':
    case 'whisper':
      outbox.say(typed)
      break
    case 'topic':
      if (typed.topic !== undefined) ask(page, room, { type: 'setTopic', topic: typed.topic })
      else notices.tell(place.topic.peek() === '' ? say('noTopic') : say('topicIs', { topic: place.topic.peek() }))
      break
    case 'nick':
      rename(page, room, typed.name)
      break
    case 'who':
      notices.tell(whoIsHere(page, room))
      break
    case 'rule':
      ask(page, room, typed.command)
      break
    case 'join':
      page.go(typed.room, typed.password)
      break
    case 'search':
      room.show({ type: 'search', query: typed.query })
      break
    case 'ignore':
      notices.tell(ignored(page, typed.name))
      break
    case 'away':
      if (typed.name !== '') ask(page, room, { type: 'away', reason: typed.name })
      else ask(page, room, { type: place.member.peek().away === undefined ? 'away' : 'back' })
      break
    case 'help':
    case 'theme':
      room.show({ type: typed.type === 'help' ? 'help' : 'settings' })
      break
    case 'quit':
      page.ask()
      break
    case 'history':
      void room.timeline.older()
      break
    case 'files':
    case 'collection':
    case 'get':
    case 'send':
    case 'bell':
    case 'time':
      refuse(say('wordNotHere', { word: typed.type }))
      break
    case 'own':
      void changeKeys(page, room, typed.word, typed.rest)
      break
    case 'wrong':
      refuse(say('howToType', { usage: typed.usage }))
      break
    case 'unknown':
      refuse(
        typed.near === undefined
          ? say('unknownWord', { word: typed.word })
          : say('didYouMean', { word: typed.word, near: typed.near }),
      )
      break
    default:
      typed satisfies never
  }
}

/** Asks the room for something whose outcome everybody sees; only a refusal is told. */
export function ask(page: Page, room: Room, command: ClientCommand): void {
  void room.place.send(command).then((answer) => {
    if (answer.type === 'rejected') room.notices.tell(page.words.value.refusal(answer), 'wrong')
  })
}

function rename(page: Page, room: Room, name: string): void {
  void room.place.send({ type: 'rename', name }).then((answer) => {
    if (answer.type === 'rejected') room.notices.tell(page.words.value.refusal(answer), 'wrong')
    else {
      const now = room.place.member.peek().name
      page.called(now)
      room.notices.tell(page.words.value.say('nowCalled', { name: now }))
    }
  })
}

function whoIsHere(page: Page, room: Room): string {
  const people = room.place.members.peek().map(({ name }) => name)
  return page.words.value.say('here', { count: people.length, names: people.join(', ') })
}

function ignored(page: Page, name: string): string {
  const { say } = page.words.value
  const names = [...page.ignored.peek()].join(', ')
  if (name === '') return names === '' ? say('nobodyIgnored') : say('ignored', { names })
  return page.ignore(name) ? say('ignoring', { name }) : say('notIgnoring', { name })
}
