import type { ClientCommand } from '#domain/room/commands.ts'
import { parseLine } from '#protocol/parse-command.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** Executes the input of the message field: the same words as in the terminal. `to`: the addressee of a whisper. */
export function executeCommand(page: Page, room: Room, line: string, to: string | undefined): void {
  const { say } = page.words.value
  const { store, outbox, notices } = room
  const parsed = parseLine(line, { at: 'page' })
  const refuse = (text: string) => notices.add(text, 'wrong')
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
    case 'nick':
      rename(page, room, parsed.name)
      break
    case 'who':
      notices.add(whoIsHere(page, room))
      break
    case 'ask': {
      const { command } = parsed
      // `/away` without a reason ends it again.
      const isBack = command.type === 'away' && command.reason === undefined && store.member.peek().away !== undefined
      ask(page, room, isBack ? { type: 'back' } : command)
      break
    }
    case 'remove':
      void room.store.removal(parsed.what).then((removal) => {
        if ('code' in removal) refuse(page.words.value.refusal(removal))
        else ask(page, room, removal)
      })
      break
    case 'join':
      page.go(parsed.room, parsed.password)
      break
    case 'share':
      room.show({ type: 'share' })
      break
    case 'search':
      room.show({ type: 'search', query: parsed.query })
      break
    case 'ignore':
      notices.add(ignored(page, parsed.name))
      break
    case 'help':
    case 'theme':
      room.show({ type: parsed.type === 'help' ? 'help' : 'settings' })
      break
    case 'quit':
      page.ask(undefined, parsed.message)
      break
    case 'history':
      void room.timeline.older()
      break
    case 'access':
      // Loaded when a moderator asks for it.
      import('./room-access.ts')
        .then(({ requestAccess }) => requestAccess(page, room, parsed.request))
        .catch(() => page.tell('notReached'))
      break
    case 'wrong': {
      const { usage, most } = parsed
      refuse(most === undefined ? say('howToType', { usage }) : say('howToTypeCount', { usage, most }))
      break
    }
    case 'unknown': {
      const { word, near } = parsed
      refuse(near === undefined ? say('unknownWord', { word }) : say('didYouMean', { word, near }))
      break
    }
    case 'files':
      openFiles(page, room)
      break
    case 'elsewhere':
      if (parsed.word === 'files') openFiles(page, room)
      else refuse(say('wordNotHere', { word: parsed.word }))
      break
    case 'submissions':
      openHandIns(page, room)
      break
    // `SEND name` is for clients that show files as lines. No row of the others is at the page.
    case 'send':
    case 'fileMode':
    case 'get':
    case 'bell':
    case 'time':
    case 'limit':
    case 'part':
    case 'token':
    case 'lang':
    case 'link':
      refuse(say('wordNotHere', { word: parsed.type }))
      break
    default:
      parsed satisfies never
  }
}

/** Asks the room for something whose outcome everybody sees; only a refusal is told. */
export function ask(page: Page, room: Room, command: ClientCommand): void {
  void room.store.send(command).then((answer) => {
    if (answer.type === 'rejected') room.notices.add(page.words.value.refusal(answer), 'wrong')
  })
}

function rename(page: Page, room: Room, name: string): void {
  void room.store.send({ type: 'rename', name }).then((answer) => {
    if (answer.type === 'rejected') room.notices.add(page.words.value.refusal(answer), 'wrong')
    else {
      const now = room.store.member.peek().name
      page.rename(now)
      room.notices.add(page.words.value.say('nowCalled', { name: now }))
    }
  })
}

function whoIsHere(page: Page, room: Room): string {
  const people = room.store.members.peek().map(({ name }) => name)
  return page.words.value.say('here', { count: people.length, names: people.join(', ') })
}

function ignored(page: Page, name: string): string {
  const { say } = page.words.value
  const names = [...page.ignored.peek()].join(', ')
  if (name === '') return names === '' ? say('nobodyIgnored') : say('ignored', { names })
  return page.ignore(name) ? say('ignoring', { name }) : say('notIgnoring', { name })
}

function openFiles(page: Page, room: Room): void {
  page.showsFiles.value = true
  room.tab.value = 'files'
}

export function openHandIns(page: Page, room: Room): void {
  room.showsHandIns.value = true
  openFiles(page, room)
}
