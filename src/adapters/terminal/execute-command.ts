import { failureText } from '#domain/names/text.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { PastEvent } from '#domain/room/events.ts'
import { sendWhenReady } from '#domain/session.ts'
import { type BellRule, slashWords, type Typed, typedLine, usageOf } from './commands.ts'
import { rowOf } from './event-rows.ts'
import { getFile, sendFile, showCollection, showFiles } from './file-text.ts'
import type { RoomClient } from './room-client.ts'
import { isTheme, themeNames, themes } from './style.ts'

/** Does what a typed line asks for; resolves when the room has answered, with the code of the refusal where it was not done. */
export async function executeCommand(client: RoomClient, line: string): Promise<string | undefined> {
  const own = client.own.map(({ word }) => word)
  try {
    return await act(client, typedLine(line, own))
  } catch (error) {
    // A connection, or a disk: the next line may well work.
    return client.refused({ code: 'FAILED', message: failureText(error) })
  }
}

/** Answers the code of a refusal. */
async function act(client: RoomClient, typed: Typed): Promise<string | undefined> {
  const { session } = client
  switch (typed.type) {
    case 'nothing':
      return undefined
    case 'say':
      return await tell(client, { type: 'say', text: typed.text }, typed.text)
    case 'act':
      return await tell(client, { type: 'act', text: typed.text }, `/me ${typed.text}`)
    case 'whisper':
      return await tell(client, { type: 'whisper', to: typed.to, text: typed.text }, `/msg ${typed.to} ${typed.text}`)
    case 'topic':
      if (typed.topic !== undefined) return await tell(client, { type: 'setTopic', topic: typed.topic }, typed.topic)
      return session.topic === '' ? client.notice('noTopic') : client.notice('topicIs', { topic: session.topic })
    case 'nick':
      return await rename(client, typed.name)
    case 'who':
      return who(client)
    case 'files':
      return await showFiles(client)
    case 'get':
      return await getFile(client, typed.file)
    case 'send':
      return await sendFile(client, typed.file, typed.to)
    case 'collection':
      return await showCollection(client)
    case 'rule':
      return await tell(client, typed.command, `/${typed.command.type}`)
    case 'join':
      return client.end({
        type: 'room',
        room: typed.room,
        ...(typed.password === undefined ? {} : { password: typed.password }),
      })
    case 'search': {
      const found = await session.search(typed.query, 50)
      return found.length === 0 ? client.notice('nothingFound') : list(client, found)
    }
    case 'history':
      list(client, await session.history(typed.count))
      return client.notice('endOfHistory')
    case 'ignore':
      return ignore(client, typed.name)
    case 'bell':
      client.attention.rule = typed.rule
      return client.notice(bellWords[typed.rule])
    case 'time':
      client.time = typed.shown
      return client.notice(typed.shown ? 'timeOn' : 'timeOff')
    case 'theme':
      return theme(client, typed.name)
    case 'away':
      return await away(client, typed.name)
    case 'help':
      return help(client)
    case 'quit':
      return client.end({ type: 'quit' })
    case 'own': {
      const said = (await client.own.find(({ word }) => word === typed.word)?.read(typed.rest)) ?? ''
      client.talk(said)
      return said.startsWith('!') ? 'BAD_COMMAND' : undefined
    }
    case 'wrong':
      client.notice('howToType', { usage: typed.usage })
      return 'BAD_COMMAND'
    case 'unknown':
      if (typed.near !== undefined) client.notice('didYouMean', { word: typed.word, near: typed.near })
      else client.notice('unknownWord', { word: typed.word })
      return 'BAD_COMMAND'
    default:
      typed satisfies never
  }
}

const bellWords = { off: 'bellOff', mention: 'bellMention', all: 'bellAll' } as const satisfies Record<BellRule, string>

/** Sends a command, and shows meanwhile that it is not answered yet. */
async function tell(client: RoomClient, command: ClientCommand, text: string): Promise<string | undefined> {
  const { session } = client
  const done = client.waiting(text)
  try {
    const answer = await sendWhenReady(session, command)
    return 'code' in answer ? client.refused(answer) : undefined
  } finally {
    done()
  }
}

async function rename(client: RoomClient, name: string): Promise<string | undefined> {
  const answer = await client.session.send({ type: 'rename', name })
  if ('code' in answer) return client.refused(answer)
  client.notice('nowCalled', { name: client.session.member.name })
  return undefined
}

function who(client: RoomClient): undefined {
  const names = client.session.members.map(({ name, away }) =>
    away === undefined ? name : `${name} (${away === '' ? client.words.say('awayNow') : away})`,
  )
  client.notice('here', { count: names.length, names: names.join(', ') })
}

function list(client: RoomClient, entries: readonly PastEvent[]): undefined {
  for (const entry of entries) {
    const row = rowOf(entry, { ...client.view, time: true })
    if (row !== undefined) client.show(row)
  }
}

function ignore(client: RoomClient, name: string): undefined {
  const { ignored } = client
  const key = name.toLowerCase()
  if (name === '') {
    if (ignored.size === 0) client.notice('nobodyIgnored')
    else client.notice('ignored', { names: [...ignored].join(', ') })
  } else if (ignored.delete(key)) client.notice('notIgnoring', { name })
  else {
    ignored.add(key)
    client.notice('ignoring', { name })
  }
}

function theme(client: RoomClient, name: string): undefined {
  // Where no escape sequence may be written, there is nothing to choose.
  if (isTheme(name) && client.colours) client.paint = themes[name]
  const now = themeNames.find((each) => themes[each] === client.paint) ?? 'mono'
  client.notice('themeIs', { theme: now, themes: themeNames.join(', ') })
}

async function away(client: RoomClient, reason: string): Promise<string | undefined> {
  const { session } = client
  const isAway = session.members.find(({ id }) => id === session.member.id)?.away !== undefined
  if (isAway && reason === '') return await tell(client, { type: 'back' }, '/away')
  return await tell(client, reason === '' ? { type: 'away' } : { type: 'away', reason }, `/away ${reason}`)
}

function help(client: RoomClient): undefined {
  const { say } = client.words
  client.notice('helpSay')
  const rows = [...slashWords, ...client.own].filter(({ word }) => word !== 'help')
  for (const row of rows) client.talk(`*   ${usageOf(row)}  ${client.paint.faint(say(row.about))}`)
}
