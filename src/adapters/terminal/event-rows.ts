import type { MentionedFile, RoomEvent } from '../../domain/room/events.ts'
import type { Member } from '../../domain/room/member.ts'
import { forTerminal } from '../../domain/text/terminal.ts'
import { sizeText } from '../words/size.ts'
import type { Words } from '../words/words.ts'
import type { Paint } from './paint.ts'

/** How much of an id a person has to read. */
export const shortId = (id: string): string => id.slice(0, 8)

/** For whom, and how, events are written. */
export interface View {
  readonly words: Words
  readonly paint: Paint
  readonly me: Member
  /** Whether lines begin with the time. */
  readonly time: boolean
  /** Whether a message of several lines takes several lines. */
  readonly tall: boolean
}

/**
 * One event as it is written, or nothing. The first column is never somebody's text (C62): further lines of a message are indented.
 * All of it that came from others has passed the escaper.
 */
export function rowOf(event: RoomEvent, view: View): string | undefined {
  const body = bodyOf(event, view)
  if (body === undefined) return undefined
  const at = 'seq' in event ? event.at : undefined
  return view.time && at !== undefined ? `${view.paint.faint(clockText(at))} ${body}` : body
}

function bodyOf(event: RoomEvent, view: View): string | undefined {
  const { words, paint, me } = view
  const { say, language } = words
  const notice = (text: string) => `* ${paint.notice(text)}`
  if (event.type === 'missed') return notice(say('missed', { count: event.to - event.from + 1 }))
  const { name } = event.by
  switch (event.type) {
    case 'said': {
      const own = event.by.id === me.id
      const text = textOf(event.text, view)
      const lit = !own && names(event.text, me.name) ? paint.mention(text) : text
      return `<${own ? paint.own(forTerminal(name)) : paint.nick(forTerminal(name))}> ${lit}`
    }
    case 'acted':
      return `* ${paint.nick(forTerminal(name))} ${textOf(event.text, view)}`
    case 'whispered': {
      const text = textOf(event.text, view)
      const own = event.by.id === me.id
      const gaps = (whose: string) => ({ name: whose, text: '' })
      const head = own ? say('whisperTo', gaps(event.to.name)) : say('whispers', gaps(name))
      return `* ${head}${own ? text : paint.mention(text)}`
    }
    case 'topicSet':
      return notice(say('topicSet', { name, topic: event.topic }))
    case 'joined':
      return notice(say('joined', { name }))
    case 'left':
      if (event.kickedBy !== undefined)
        return notice(say('kicked', { name, by: event.kickedBy.name, why: event.reason }))
      return notice(event.reason === 'left' ? say('left', { name }) : say('leftWhy', { name, why: event.reason }))
    case 'renamed':
      return notice(say('renamed', { from: event.from, name }))
    case 'fileOffered': {
      const { file } = event
      return notice(
        file.size === undefined
          ? say('sending', { name, file: file.name })
          : say('sendingSized', { name, file: file.name, size: sizeText(file.size, language) }),
      )
    }
    case 'fileCompleted': {
      const { file } = event
      const size = sizeText(file.size, language)
      return notice(say('fileHere', { id: shortId(file.id), file: file.name, name, size, digest: file.sha256 }))
    }
    case 'fileWithdrawn':
      return notice(say('fileGone', { file: event.file.name, name, why: event.reason }))
    case 'opped':
      return notice(say('opped', { name, to: event.to.name }))
    case 'deopped':
    case 'unmuted':
    case 'unbanned':
      return notice(say(event.type, { name, to: event.name }))
    case 'muted':
    case 'banned': {
      const { type, name: to, reason: why } = event
      return notice(why === undefined ? say(type, { name, to }) : say(`${type}Why`, { name, to, why }))
    }
    case 'locked':
    case 'unlocked':
      return notice(say(event.type, { name }))
    case 'away':
      return notice(event.reason === '' ? say('away', { name }) : say('awayWhy', { name, why: event.reason }))
    case 'back':
      return notice(say('backAgain', { name }))
    // These hold for a moment, and are shown below the lines.
    case 'typing':
    case 'fileProgressed':
    case 'fileReceived':
      return undefined
    default:
      return event satisfies never
  }
}

/** Who has a file now; told where one cares for that file. */
export const receiptRow = (file: MentionedFile, by: Member, { words, paint }: View): string =>
  `* ${paint.notice(words.say('verified', { name: by.name, file: file.name }))}`

/** Whether a text names somebody, as a word of its own. */
export function names(text: string, nick: string): boolean {
  const [lower, wanted] = [text.toLowerCase(), nick.toLowerCase()]
  if (wanted === '') return false
  const isLetter = (sign: string | undefined) => sign !== undefined && /[\p{L}\p{N}_]/u.test(sign)
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1))
    if (!isLetter(lower[at - 1]) && !isLetter(lower[at + wanted.length])) return true
  return false
}

function textOf(text: string, { tall }: View): string {
  return tall ? text.split('\n').map(forTerminal).join('\n    ') : forTerminal(text)
}

/** `12:04`, here. */
export function clockText(at: number): string {
  const time = new Date(at)
  const two = (count: number) => String(count).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}`
}
