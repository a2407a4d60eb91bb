import { wantedFile } from '#domain/names/file-name.ts'
import { failureText, forTerminal } from '#domain/names/text.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { MentionedFile, PastEvent } from '#domain/room/events.ts'
import { withExpiry } from '#domain/room/expiry.ts'
import { submissionsOf } from '#domain/room/hand-ins.ts'
import { refusalFor } from '#domain/room/permissions.ts'
import { removalOf } from '#domain/room/removal.ts'
import { type AccessRequest, changeAccess } from '#domain/room/room-access.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { type RoomSession, sendWhenReady } from '#domain/session.ts'
import { fileSizeText, shortId, sizeText, titleOf } from '#i18n/format.ts'
import { accessTexts, doneText, memberText, sendingText } from '#i18n/render-answer.ts'
import { audienceText, goneText } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { helpAbout, helpGroups } from '#protocol/command-groups.ts'
import { type BellRule, type CommandAt, commandsAt } from '#protocol/commands.ts'
import type { ParsedLine } from '#protocol/parse-command.ts'
import { parseLine } from '#protocol/parse-command.ts'
import type { Limits } from './ports.ts'
import type { RoomClient } from './room-client.ts'
import { isTheme, rowOf, themeNames, themes } from './rows.ts'

/** Lines that `/history` shows by itself. */
const HISTORY = 20
const MOST_FOUND = 50
/** Parts of a folder that could not be sent, named one by one. */
const MOST_SKIPPED = 20

/** Executes a typed line; resolves with the room's answer: the code of the refusal where it was not done. */
export async function executeCommand(client: RoomClient, line: string): Promise<string | undefined> {
  try {
    return await execute(client, parseLine(line, { at: client.at }), line.trim())
  } catch (error) {
    // A connection, or a disk: the next line may well work.
    return client.refused({ code: 'FAILED', message: failureText(error) })
  }
}

/** Answers the code of a refusal. */
async function execute(client: RoomClient, parsed: ParsedLine, line: string): Promise<string | undefined> {
  const { session, host } = client
  switch (parsed.type) {
    case 'nothing':
      return undefined
    case 'say':
      if (!client.waits) return await client.post(parsed.text)
      return await ask(client, { type: 'say', text: parsed.text }, parsed.text)
    case 'act':
      return await ask(client, { type: 'act', text: parsed.text }, line)
    case 'whisper':
      return await ask(client, { type: 'whisper', to: parsed.to, text: parsed.text }, line)
    case 'ask':
      return await ask(client, toggled(client, parsed.command), line)
    case 'topic':
      if (parsed.topic !== undefined) return await ask(client, { type: 'setTopic', topic: parsed.topic }, line)
      return session.rules.topic === ''
        ? client.notice('noTopic')
        : client.notice('topicIs', { topic: session.rules.topic })
    case 'nick':
      return await rename(client, parsed.name)
    case 'who':
      return await who(client)
    case 'files':
      return await showFiles(client)
    case 'get':
      return await getFile(client, parsed.file)
    case 'link':
      return await showLink(client, parsed.file)
    case 'lang':
      client.speak(parsed.language)
      return client.notice('languageIs')
    case 'remove': {
      const removal = await removalOf(session, parsed.what)
      return removal.type === 'rejected' ? client.refused(removal) : await ask(client, removal, line)
    }
    case 'send':
      return await sendFile(client, parsed.file, parsed.to)
    case 'submissions':
      return await showCollection(client)
    case 'join': {
      const { room, password } = parsed
      return client.end({ type: 'room', room, ...(password === undefined ? {} : { password }) })
    }
    case 'search': {
      const found = await session.search(parsed.query, MOST_FOUND)
      return found.length === 0 ? client.notice('nothingFound') : list(client, found)
    }
    case 'history':
      list(client, await session.history(parsed.count ?? HISTORY))
      return client.notice('endOfHistory')
    case 'ignore':
      return ignore(client, parsed.name)
    case 'bell':
      client.attention.rule = parsed.rule
      return client.notice(bellNotices[parsed.rule])
    case 'time':
      client.time = parsed.shown
      return client.notice(parsed.shown ? 'timeOn' : 'timeOff')
    case 'theme':
      return theme(client, parsed.name)
    case 'access':
      return await access(client, parsed.request)
    case 'limit':
      if (host.bandwidth !== undefined) client.noticeRow(`* ${limitText(host.bandwidth, parsed, client.words)}`)
      return undefined
    case 'help':
      return help(client, parsed.about)
    case 'share':
      return await share(client)
    case 'quit':
      return client.leave(parsed)
    case 'wrong': {
      const { usage, most } = parsed
      if (most === undefined) return client.failed('BAD_COMMAND', 'howToType', { usage })
      return client.failed('BAD_COMMAND', 'howToTypeCount', { usage, most })
    }
    case 'unknown':
    case 'elsewhere': {
      const { word, near } = parsed
      if (near !== undefined) return client.failed('BAD_COMMAND', 'didYouMean', { word, near })
      return client.failed('BAD_COMMAND', parsed.type === 'unknown' ? 'unknownWord' : 'wordNotHere', { word })
    }
    // No row of these is at a terminal.
    case 'part':
    case 'token':
    case 'fileMode':
      return 'BAD_COMMAND'
    default:
      return parsed satisfies never
  }
}

const bellNotices = { off: 'bellOff', mention: 'bellMention', all: 'bellAll' } as const satisfies Record<
  BellRule,
  string
>

/** Sends a command, and shows meanwhile that it is not answered yet. */
async function ask(client: RoomClient, command: ClientCommand, typed: string): Promise<string | undefined> {
  const { session } = client
  const done = client.waiting(typed)
  try {
    const answer = await sendWhenReady(session, command)
    if ('code' in answer) return client.refused(answer)
    const text = client.echoes ? undefined : doneText(command, client.words)
    if (text !== undefined) client.noticeRow(`* ${text}`)
    return undefined
  } finally {
    done()
  }
}

/** `/away` without a reason ends it again. */
function toggled({ session }: RoomClient, command: ClientCommand): ClientCommand {
  if (command.type !== 'away' || command.reason !== undefined) return command
  const isAway = session.members.find(({ id }) => id === session.member.id)?.away !== undefined
  return isAway ? { type: 'back' } : command
}

async function rename(client: RoomClient, name: string): Promise<string | undefined> {
  const answer = await client.session.send({ type: 'rename', name })
  if ('code' in answer) return client.refused(answer)
  client.notice('nowCalled', { name: client.session.member.name })
  return undefined
}

async function who(client: RoomClient): Promise<undefined> {
  const { session, words } = client
  const names = session.members.map((member) => memberText(member, words))
  client.notice('here', { count: names.length, names: names.join(', ') })
  for (const file of await session.listFiles())
    if (file.status === 'offered') client.noticeRow(`* ${sendingText(file, words)}`)
}

function list(client: RoomClient, entries: readonly PastEvent[]): undefined {
  for (const entry of entries) {
    const row = rowOf(entry, { ...client.view, time: true })
    if (row !== undefined) client.print(row)
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

async function access(client: RoomClient, request: AccessRequest): Promise<string | undefined> {
  const answer = await changeAccess(client.host.access, request)
  if (answer.type === 'refused') return client.refused(answer.why)
  const texts = accessTexts(answer, client.words, client.host.base)
  if (answer.type === 'invited') client.invited(answer.invitation, texts)
  else for (const text of texts) client.noticeRow(`* ${text}`)
  return undefined
}

/** Changes the bandwidth of transfers where a rate is given, and shows the current caps. */
function limitText(
  limits: Limits,
  { of, bytes }: { readonly of: 'host' | 'transfer'; readonly bytes: number | undefined },
  { say, language }: Translator,
): string {
  if (bytes !== undefined) limits.set(of === 'host' ? { host: bytes } : { transfer: bytes })
  const { host, transfer } = limits.caps
  const rate = (cap: number) => (cap === 0 ? say('limitNone') : say('limitRate', { rate: sizeText(cap, language) }))
  return say('limits', { host: rate(host), each: rate(transfer) })
}

/** All words by groups, in as many rows; or what those of a group, or one word, do. */
function help(client: RoomClient, about: string | undefined): undefined {
  const { at, paint, words } = client
  const { say } = words
  const groups = helpGroups(commandsAt(at))
  const asked = about === undefined ? undefined : helpAbout(groups, about, say)
  if (asked !== undefined) {
    const width = Math.max(...asked.map(({ usage }) => usage.length))
    for (const row of asked) client.noticeRow(`*   ${row.usage.padEnd(width)}  ${paint.faint(say(helpOf(row, at)))}`)
    return
  }
  client.notice('helpSay')
  const names = groups.map(({ nameKey }) => say(nameKey))
  const width = Math.max(...names.map((name) => name.length))
  for (const [index, { rows }] of groups.entries())
    client.noticeRow(
      `*   ${(names[index] ?? '').padEnd(width)}  ${paint.faint(rows.map(({ word }) => `/${word}${isOfHost(word) ? '*' : ''}`).join(' '))}`,
    )
  client.notice(at === 'host' ? 'helpMoreHost' : 'helpMore')
}

const isOfHost = (word: string): boolean => !commandsAt('terminal').some((row) => row.word === word)

/** The host leaves its room for everybody. */
const helpOf = ({ word, helpKey }: CommandAt<'terminal' | 'host'>, at: RoomClient['at']) =>
  word === 'quit' && at === 'host' ? 'helpQuitHost' : helpKey

/** `/share`: how others come in. */
async function share(client: RoomClient): Promise<undefined> {
  for (const row of await client.host.share(client.paint, client.words)) client.noticeRow(row)
}

/** `/files`: the room's files, oldest first. */
async function showFiles(client: RoomClient): Promise<undefined> {
  const files = (await client.session.listFiles()).toSorted((one, other) => one.at - other.at)
  if (files.length === 0) client.notice('noFiles')
  for (const found of files) showFile(client, found, audienceText(found.file.audience, client.words))
}

function showFile(client: RoomClient, found: RoomFile, audience: string): void {
  const { session, words, clock } = client
  const { file, by, at } = found
  const gaps = { id: shortId(file.id), file: titleOf(file), name: by.name, for: audience }
  if (found.status === 'offered') {
    client.notice('fileOnItsWay', gaps)
    return
  }
  const gone = goneText(withExpiry(session.rules, file, at), words, clock.now())
  client.notice('fileWhole', { ...gaps, size: fileSizeText(found.file, words), digest: found.file.sha256, gone })
}

/** `/collect`: the submissions by member, and the members without one. */
async function showCollection(client: RoomClient): Promise<string | undefined> {
  const { session } = client
  const why = refusalFor(roleIn(session) ?? 'member', 'startCollection')
  if (why !== undefined) return client.refused(why)
  const { files, missing } = submissionsOf(await session.handIns())
  client.notice('collected', { count: files.length })
  for (const found of files) showFile(client, found, '')
  if (missing.length > 0) client.notice('nothingFrom', { names: missing.map(({ name }) => name).join(', ') })
  return undefined
}

/** `/send`: to all, or to one. Answers the code of a refusal, as those below do. */
async function sendFile(client: RoomClient, path: string, to: string | undefined): Promise<string | undefined> {
  const { session, words } = client
  const name = /[^/\\]*$/.exec(path.replace(/[/\\]+$/, ''))?.[0] ?? path
  const refused = (why: string, code: string) => client.failed(code, 'notSent', { file: path, why })
  const collects = session.rules.collectingSince !== undefined && roleIn(session) === undefined
  try {
    const before = client.wholeFiles()
    const sent = await client.transfers.send(path, name, to, (id) => before.has(id))
    if ('type' in sent) return refused(words.refusal(sent), sent.code)
    client.sent(sent.id)
    client.attention.ring()
    const isThere = client.live && before.has(sent.id)
    const told = { file: titleOf(sent), size: fileSizeText(sent, words), digest: sent.sha256 }
    if (isThere) client.notice('hereAlready', { file: titleOf(sent), id: shortId(sent.id) })
    else if (to === undefined && !collects) {
      // Its row tells it.
      if (!client.live) client.notice('sent', told)
    } else if (client.live) client.notice('isWith', { file: told.file, size: told.size, to: to ?? words.say('staff') })
    else client.notice('sentTo', { ...told, to: to ?? words.say('staff') })
    const { skipped = [] } = sent
    for (const { message } of skipped.slice(0, MOST_SKIPPED)) client.notice('pathNotSent', { why: message })
    if (skipped.length > MOST_SKIPPED) client.notice('pathsNotSent', { count: skipped.length - MOST_SKIPPED })
    return undefined
  } catch (error) {
    return refused(failureText(error), 'FAILED')
  }
}

const roleIn = ({ members, member }: RoomSession) => members.find(({ id }) => id === member.id)?.role

/** `/get`: by name, the newest of that name, or by the beginning of an id. */
async function getFile(client: RoomClient, wanted: string): Promise<string | undefined> {
  const file = await fileNamed(client, wanted)
  if (typeof file === 'string') return file
  if (!client.transfers.isReceiving(file.id)) return await client.receive(file)
  client.notice('alreadyComing', { file: file.name })
  return undefined
}

/** `/link`: the address of a file, for others. */
async function showLink(client: RoomClient, wanted: string): Promise<string | undefined> {
  const file = await fileNamed(client, wanted)
  if (typeof file === 'string') return file
  const link = await client.host.link(file)
  if ('type' in link) return client.refused(link)
  client.noticeRow(client.paint.act(forTerminal(link.url)))
  if (link.onlyHere) client.notice('onlyHere')
  return undefined
}

/** The newest file of a name, or the one whose id begins so; the code of the refusal where there is none. */
async function fileNamed(client: RoomClient, wanted: string): Promise<MentionedFile | string> {
  const newest = (await client.session.listFiles()).toSorted((one, other) => other.at - one.at)
  const files: readonly MentionedFile[] = newest.map(({ file }) => file)
  const file = wantedFile(files, wanted)
  if (typeof file !== 'string') return file
  return client.failed('NO_SUCH_FILE', file === 'none' ? 'noSuchFile' : 'severalFiles', { file: wanted })
}
