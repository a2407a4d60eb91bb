import { forTerminal, isNamedIn } from '#domain/names/text.ts'
import type { Member, MentionedFile, RoomEvent } from '#domain/room/events.ts'
import { eventText } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import type { Paint } from './style.ts'

/** For whom, and how, events are written. */
export interface View {
  readonly words: Translator
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
  const { say } = words
  switch (event.type) {
    case 'said': {
      const own = event.by.id === me.id
      const text = textOf(event.text, view)
      const lit = !own && isNamedIn(event.text, me.name) ? paint.mention(text) : text
      const name = forTerminal(event.by.name)
      return `<${own ? paint.own(name) : paint.nick(name)}> ${lit}`
    }
    case 'acted':
      return `* ${paint.nick(forTerminal(event.by.name))} ${textOf(event.text, view)}`
    case 'whispered': {
      const text = textOf(event.text, view)
      const own = event.by.id === me.id
      const gaps = (whose: string) => ({ name: whose, text: '' })
      const head = own ? say('whisperTo', gaps(event.to.name)) : say('whispers', gaps(event.by.name))
      return `* ${head}${own ? text : paint.mention(text)}`
    }
    // These hold for a moment, and are shown below the lines.
    case 'typing':
    case 'fileProgressed':
    case 'fileReceived':
      return undefined
    default:
      return `* ${paint.notice(eventText(event, words))}`
  }
}

/** Who has a file now; told where one cares for that file. */
export const receiptRow = (file: MentionedFile, by: Member, { words, paint }: View): string =>
  `* ${paint.notice(words.say('verified', { name: by.name, file: file.name }))}`

function textOf(text: string, { tall }: View): string {
  return tall ? text.split('\n').map(forTerminal).join('\n    ') : forTerminal(text)
}

/** `12:04`, here. */
export function clockText(at: number): string {
  const time = new Date(at)
  const two = (count: number) => String(count).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}`
}
