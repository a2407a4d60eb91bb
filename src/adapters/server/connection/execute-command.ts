import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { withExpiry } from '#domain/room/expiry.ts'
import { submissionsOf } from '#domain/room/hand-ins.ts'
import { refusalFor } from '#domain/room/permissions.ts'
import { removalOf } from '#domain/room/removal.ts'
import { type AccessRequest, changeAccess } from '#domain/room/room-access.ts'
import { accessTexts, doneText, memberText, sendingText, submissionLines } from '#i18n/render-answer.ts'
import { fileLine, pastLine } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { helpAbout, helpGroups } from '#protocol/command-groups.ts'
import { commandNamed, commandsAt, LINE_SYNTAX, type ParseContext, type ParsedCommand } from '#protocol/commands.ts'
import { parseCommand } from '#protocol/parse-command.ts'
import type { Caller } from './caller.ts'
import { type Portion, portionsAfter, searched, searchFault } from './history-pages.ts'
import { COSTS, priceOf, priceOfItems } from './rate-limit.ts'

export const tokenFirst: Rejected = rejected(
  'NOT_FOUND',
  'this host wants its token first: type /token TOKEN, or with an invitation /join ROOM INVITATION',
)

/** Executes a slash command. An unknown word gets a hint and is never sent to the room. */
export async function executeCommand(caller: Caller, word: string, rest: string): Promise<void> {
  if (!caller.isAuthenticated && commandNamed(word, 'line')?.beforeAuth !== true) await caller.refuse(tokenFirst)
  else await execute(caller, parseCommand(word, rest, contextOf(caller.settings)))
}

/** How the commands of a line are read. */
export const contextOf = ({ maxHistoryLines }: Caller['settings']): ParseContext => ({ at: 'line', maxHistoryLines })

/** What a caller needs for a command. */
const NEEDED: Partial<Record<ParsedCommand['type'], keyof Caller>> = {
  ...{ join: 'join', part: 'part', token: 'authenticate', quit: 'quit' },
  ...{ get: 'sendFile', fileMode: 'filesAs', lang: 'speak' },
}

async function execute(caller: Caller, parsed: ParsedCommand): Promise<void> {
  const { say } = caller.words
  const needed = NEEDED[parsed.type]
  if (needed !== undefined && caller[needed] === undefined) {
    await caller.fail('BAD_COMMAND', say('noSuchCommand'))
    return
  }
  const tell = (text: string) => caller.say(`* ${text}`)
  switch (parsed.type) {
    case 'nick':
      if (await caller.ask({ type: 'rename', name: parsed.name }))
        await tell(say('nowCalled', { name: caller.session?.member.name ?? '' }))
      return
    case 'join':
      return await join(caller, parsed.room, parsed.password)
    case 'part': {
      const room = caller.session?.room
      await caller.part?.(parsed.message)
      if (room !== undefined) await tell(say('leftRoom', { room }))
      return
    }
    case 'who':
      return await who(caller)
    case 'whisper': {
      const { to, text } = parsed
      if (await caller.ask({ type: 'whisper', to, text })) await tell(say('whisperSent', { name: to, text }))
      return
    }
    case 'act':
      await caller.ask({ type: 'act', text: parsed.text })
      return
    case 'ask': {
      const { command } = parsed
      const done = doneText(command, caller.words)
      if ((await caller.ask(command)) && done !== undefined) await tell(done)
      return
    }
    case 'topic':
      return await topic(caller, parsed.topic)
    case 'history':
      return await history(caller, parsed.count)
    case 'search':
      return await search(caller, parsed.query)
    case 'files':
      return await files(caller)
    case 'fileMode':
      caller.filesAs?.(parsed.mode)
      await tell(say(parsed.mode === 'links' ? 'filesLinks' : 'filesInline'))
      return
    case 'get':
      return await get(caller, parsed.file)
    case 'lang':
      caller.speak?.(parsed.language)
      await caller.say(`* ${caller.words.say('languageIs')}`)
      return
    case 'remove':
      return await remove(caller, parsed.what)
    case 'submissions':
      return await submissions(caller)
    case 'access':
      return await access(caller, parsed.request)
    case 'token': {
      const { isAuthenticated } = caller
      await caller.authenticate?.(parsed.token)
      if (isAuthenticated) await tell(say('tokenKept'))
      return
    }
    case 'quit':
      if (caller.isAuthenticated) void tell(say('bye'))
      return caller.quit?.(parsed.message)
    case 'help':
      await caller.say(help(caller, parsed.about))
      return
    case 'wrong': {
      const { usage, most } = parsed
      const text = most === undefined ? say('howToType', { usage }) : say('howToTypeCount', { usage, most })
      await caller.fail('BAD_COMMAND', text)
      return
    }
    case 'unknown':
    case 'elsewhere':
    // No row of these is at this server.
    case 'send':
    case 'ignore':
    case 'theme':
    case 'bell':
    case 'time':
    case 'limit':
    case 'share':
    case 'link':
      await caller.fail('BAD_COMMAND', unknown('near' in parsed ? parsed.near : undefined, caller.words))
      return
    default:
      parsed satisfies never
  }
}

function unknown(near: string | undefined, { say }: Translator): string {
  const meant = near === undefined ? undefined : commandNamed(near, 'line')
  return meant === undefined ? say('noSuchCommand') : say('noSuchCommandNear', { usage: meant.usage })
}

/** Lists the commands that the caller may use, or those of one group. */
function help({ session, words: { say } }: Caller, about: string | undefined): string {
  const role = session?.member.role ?? 'member'
  const rows = commandsAt('line').filter(
    (row) => !('permission' in row) || refusalFor(role, row.permission) === undefined,
  )
  const groups = helpGroups([...rows, ...LINE_SYNTAX])
  const asked = about === undefined ? undefined : helpAbout(groups, about, say)
  return (asked ?? groups.flatMap((group) => group.rows))
    .map(({ usage, helpKey }) => `* ${usage.padEnd(22)} ${say(helpKey)}`)
    .join('\n')
}

async function join(caller: Caller, name: string, password: string | undefined): Promise<void> {
  const room = checkRoomName(name)
  if (typeof room !== 'string') await caller.refuse(room)
  else if (room === caller.session?.room) await caller.say(`* ${caller.words.say('inRoomAlready', { room })}`)
  else await caller.join?.(room, password)
}

async function topic(caller: Caller, wanted: string | undefined): Promise<void> {
  const { say } = caller.words
  const session = caller.inRoom()
  if (session === undefined) return
  if (wanted === undefined)
    await caller.say(
      `* ${session.rules.topic === '' ? say('noTopic') : say('topicIs', { topic: session.rules.topic })}`,
    )
  else if (await caller.ask({ type: 'setTopic', topic: wanted })) await caller.say(`* ${say('topicDone')}`)
}

/** Names on one line of the answer. */
const NAMES_A_LINE = 20

async function who(caller: Caller): Promise<void> {
  const { words } = caller
  const session = caller.inRoom()
  if (session === undefined) return
  const { files: all, members } = session
  await caller.pay(priceOfItems(COSTS.members, members.length) + priceOfItems(COSTS.files, all.length))
  const times = new Map<string, number>()
  for (const member of members) {
    const text = memberText(member, words)
    times.set(text, (times.get(text) ?? 0) + 1)
  }
  const names = Array.from(times, ([text, count]) => `${text}${count > 1 ? ` (${count})` : ''}`)
  const lines = [`* ${words.say('inRoomAre', { count: members.length, room: session.room })}`]
  for (let from = 0; from < names.length; from += NAMES_A_LINE)
    lines.push(`*   ${names.slice(from, from + NAMES_A_LINE).join(', ')}`)
  for (const file of all) if (file.status === 'offered') lines.push(`* ${sendingText(file, words)}`)
  await sayPortions(caller, lines)
}

async function history(caller: Caller, wanted: number | undefined): Promise<void> {
  const { say } = caller.words
  const session = caller.inRoom()
  if (session === undefined) return
  const { historyLines, maxHistoryLines } = caller.settings
  const { last, room } = session
  const count = Math.min(wanted ?? historyLines, maxHistoryLines)
  await caller.pay(priceOf(COSTS.history))
  await caller.say(`* ${say('historyOf', { room })}`)
  await sayEntries(caller, session, portionsAfter(session, Math.max(0, last - count), last + 1, count))
  await caller.say(`* ${say('endOfHistory')}`)
}

async function search(caller: Caller, query: string): Promise<void> {
  const { say } = caller.words
  const session = caller.inRoom()
  if (session === undefined) return
  const fault = searchFault(query)
  if (fault !== undefined) {
    await caller.refuse(fault)
    return
  }
  await caller.pay(priceOf(COSTS.search))
  const { count, portions } = await searched(session, query, caller.settings.maxHistoryLines)
  await caller.pay(priceOfItems(COSTS.search, count))
  await caller.say(`* ${say('foundLines', { count })}`)
  await sayEntries(caller, session, portions)
  await caller.say(`* ${say('endOfSearch')}`)
}

async function files(caller: Caller): Promise<void> {
  const session = caller.inRoom()
  if (session === undefined) return
  await caller.pay(priceOfItems(COSTS.files, session.files.length))
  await sayPortions(caller, fileLines(caller, session))
}

function* fileLines(
  { linkOf, takesBytes, words }: Caller,
  { files: all, room, rules }: LocalSession,
): Generator<string> {
  const { say } = words
  yield `* ${say(takesBytes ? 'filesHere' : 'filesCounted', { count: all.length, room })}`
  for (const each of all) {
    if (each.status === 'whole') {
      yield fileLine(each.by.name, withExpiry(rules, each.file, each.at), words, linkOf)
      continue
    }
    const { arrived, file, by } = each
    const gaps = { file: file.name, name: by.name }
    // How much of it has come, where that was told.
    if (arrived === undefined || !file.size) yield `* ${say('notAllHere', gaps)}`
    else yield `* ${say('notAllHereShare', { ...gaps, percent: Math.floor((100 * arrived) / file.size) })}`
  }
}

async function get(caller: Caller, wanted: string): Promise<void> {
  const session = caller.inRoom()
  if (session === undefined) return
  const newest = session.files.toSorted((one, other) => other.at - one.at)
  const whole = newest.filter(({ status }) => status === 'whole').map(({ file }) => file)
  const named = wantedFile(whole, wanted, 1)
  const found = newest.find(({ file }) => file === named)
  if (found?.status === 'whole') await caller.sendFile?.(found.by.name, found.file, session)
  else await caller.fail('NO_SUCH_FILE', caller.words.say('noFileNamed'))
}

/** The files that were collected, and the members that have sent none. */
async function submissions(caller: Caller): Promise<void> {
  const session = caller.inRoom()
  if (session === undefined) return
  const why = session.refusalTo('seeHandIns')
  if (why !== undefined) {
    await caller.refuse(why)
    return
  }
  const { files, missing } = submissionsOf(await session.handIns())
  await caller.pay(priceOfItems(COSTS.members, session.members.length) + priceOfItems(COSTS.files, files.length))
  await caller.say(submissionLines({ files, missing }, caller.words).join('\n'))
}

async function remove(caller: Caller, what: string): Promise<void> {
  const session = caller.inRoom()
  if (session === undefined) return
  await caller.pay(priceOf(COSTS.history))
  const removal = await removalOf(session, what)
  if (removal.type === 'rejected') await caller.refuse(removal)
  else if (await caller.ask(removal)) await caller.say(`* ${doneText(removal, caller.words)}`)
}

async function access(caller: Caller, request: AccessRequest): Promise<void> {
  const session = caller.inRoom()
  if (session === undefined) return
  const answer = await changeAccess(caller.accessControl.roomAccess(session), request)
  if (answer.type === 'refused') await caller.refuse(answer.why)
  else
    await caller.say(
      accessTexts(answer, caller.words, caller.base)
        .map((text) => `* ${text}`)
        .join('\n'),
    )
}

const PORTION_CHARS = 64 * 1024

/** Says a long answer in portions, each when the one before was taken: a caller that does not read costs one of them (C61). */
async function sayPortions(caller: Caller, lines: Iterable<string>): Promise<void> {
  let portion: string[] = []
  let chars = 0
  for (const line of lines) {
    portion.push(line)
    chars += line.length
    if (chars < PORTION_CHARS) continue
    await caller.say(portion.join('\n'))
    portion = []
    chars = 0
  }
  if (portion.length > 0) await caller.say(portion.join('\n'))
}

/** The same of entries, each portion once it is paid for. */
async function sayEntries(caller: Caller, session: LocalSession, portions: AsyncIterable<Portion>): Promise<void> {
  for await (const { events, read } of portions) {
    await caller.pay(priceOfItems(COSTS.history, read))
    const lines = session
      .current(events)
      .map((event) => pastLine(event, caller.words, caller.linkOf))
      .filter((line) => line !== '')
    if (lines.length > 0) await caller.say(lines.join('\n'))
  }
}
