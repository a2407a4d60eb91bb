import { isRefusal, type Refusal } from '#client/errors.ts'
import { history, listFiles } from '#client/queries.ts'
import type { Rejected } from '#domain/errors.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import type { RemoveFile, RemoveMessage } from '#domain/room/commands.ts'
import { LOOK_BACK, removalOf } from '#domain/room/removal.ts'
import type { FullPageTranslator } from '#i18n/translator.ts'
import type { BellRule, ParsedCommand } from '#protocol/commands.ts'
import { copyLink } from '../files/file-actions.tsx'
import { saveFile } from '../files/file-links.ts'
import type { KnownFile } from '../files/room-files.ts'
import { ask } from './ask.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'
import { requestAccess } from './room-access.ts'

/** The commands that the page loads when one of them is first typed. */
type MoreCommand = Exclude<
  ParsedCommand,
  {
    readonly type:
      | 'act'
      | 'whisper'
      | 'topic'
      | 'ask'
      | 'join'
      | 'search'
      | 'help'
      | 'part'
      | 'quit'
      | 'history'
      | 'send'
  }
>

/** Executes one of them. Rejects where the host does not give the words. */
export async function executeMore(page: Page, room: Room, parsed: MoreCommand): Promise<void> {
  await page.loadFullWords()
  const words = page.fullWords.peek()
  if (words === undefined) return
  const { say, refusal } = words
  const { notices } = room
  const refuse = (text: string) => notices.add(text, 'wrong')
  switch (parsed.type) {
    case 'nick':
      return await rename(page, room, parsed.name, words)
    case 'who': {
      const people = room.store.members.peek().map(({ name }) => name)
      return notices.add(say('here', { count: people.length, names: people.join(', ') }))
    }
    case 'remove': {
      const removal = await removalIn(room, parsed.what)
      return 'code' in removal ? refuse(refusal(removal)) : ask(page, room, removal)
    }
    case 'files':
      return openFiles(page, room)
    case 'submissions':
      return openHandIns(page, room)
    case 'get':
    case 'link': {
      const file = fileNamed(room, parsed.file)
      if (file === 'none') return refuse(say('noSuchFile', { file: parsed.file }))
      if (file === 'several') return refuse(say('severalFiles', { file: parsed.file }))
      return await (parsed.type === 'get' ? saveFile(room, file, words) : copyLink(room, file, words))
    }
    case 'share':
      return room.show({ type: 'share' })
    case 'theme':
      return room.show({ type: 'settings' })
    case 'ignore':
      return notices.add(ignored(page, parsed.name, words))
    case 'access':
      return await requestAccess(words, room, parsed.request)
    case 'bell':
      return await setBell(page, room, parsed.rule, words)
    case 'time':
      page.showTimes(parsed.shown)
      return notices.add(say(parsed.shown ? 'timeOn' : 'timeOff'))
    case 'lang':
      return await page.speak(parsed.language)
    case 'wrong': {
      const { usage, most } = parsed
      return refuse(most === undefined ? say('howToType', { usage }) : say('howToTypeCount', { usage, most }))
    }
    case 'unknown': {
      const { word, near } = parsed
      return refuse(near === undefined ? say('unknownWord', { word }) : say('didYouMean', { word, near }))
    }
    // Of all words the page leaves out these two.
    case 'elsewhere':
      return refuse(say(parsed.word === 'limit' ? 'limitNotHere' : 'tokenNotHere'))
    // No row of these is at the page.
    case 'fileMode':
    case 'limit':
    case 'token':
      return
    default:
      parsed satisfies never
  }
}

async function rename(page: Page, room: Room, name: string, { say, refusal }: FullPageTranslator): Promise<void> {
  const answer = await room.store.send({ type: 'rename', name })
  if (answer.type === 'rejected') return room.notices.add(refusal(answer), 'wrong')
  const now = room.store.member.peek().name
  page.rename(now)
  room.notices.add(say('nowCalled', { name: now }))
}

/** The removal that was typed. */
async function removalIn({ store }: Room, what: string): Promise<RemoveMessage | RemoveFile | Rejected | Refusal> {
  const { api, room } = store
  const [entries, files] = await Promise.all([history(api, room, { limit: LOOK_BACK }), listFiles(api, room)])
  if (isRefusal(entries)) return entries
  if (isRefusal(files)) return files
  return await removalOf(
    {
      member: store.member.peek(),
      history: async () => entries.events,
      listFiles: async () => files.map((file) => ({ file, at: file.at })),
    },
    what,
  )
}

/** The newest file of a name, or the one whose id begins so. */
function fileNamed({ files }: Room, wanted: string): KnownFile | 'none' | 'several' {
  const newest = files.all().toSorted((one, other) => other.at - one.at)
  return wantedFile(
    newest.map(({ file }) => file),
    wanted,
  )
}

function ignored(page: Page, name: string, { say }: FullPageTranslator): string {
  const names = [...page.ignored.peek()].join(', ')
  if (name === '') return names === '' ? say('nobodyIgnored') : say('ignored', { names })
  return page.ignore(name) ? say('ignoring', { name }) : say('notIgnoring', { name })
}

async function setBell({ notifications }: Page, { notices }: Room, rule: BellRule, { say }: FullPageTranslator) {
  const wanted = rule !== 'off'
  if (!wanted || notifications.possible) await notifications.want(wanted)
  if (notifications.wanted.peek() === wanted) notices.add(say(wanted ? 'bellMention' : 'bellOff'))
  else notices.add(say('bellNotAllowed'), 'wrong')
}

function openFiles(page: Page, room: Room): void {
  page.showsFiles.value = true
  room.tab.value = 'files'
}

export function openHandIns(page: Page, room: Room): void {
  room.showsHandIns.value = true
  openFiles(page, room)
}
