import { forTerminal, isNamedIn } from '#domain/names/text.ts'
import type { Member, MentionedFile, RoomEvent } from '#domain/room/events.ts'
import { eventText } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'

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
    case 'fileServed':
      return undefined
    default:
      return `* ${paint.notice(eventText(event, words))}`
  }
}

/** A receipt; shown where the person follows that file. */
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

/** How things look; nothing is told by looks alone. */
export interface Paint {
  nick(name: string): string
  own(name: string): string
  /** A line in which one is named. */
  mention(text: string): string
  notice(text: string): string
  wrong(text: string): string
  faint(text: string): string
}

type Style = (text: string) => string

const style =
  (on: string, off: string): Style =>
  (text) =>
    `\x1b[${on}m${text}\x1b[${off}m`

const plain: Style = (text) => text
const bold = style('1', '22')
const faint = style('2', '22')
const inverse = style('7', '27')
const colour = (code: number) => style(String(code), '39')

/** Without any escape sequence. */
export const unpainted: Paint = { nick: plain, own: plain, mention: plain, notice: plain, wrong: plain, faint: plain }

/** One of the colours for each name, always the same. */
function byName(codes: readonly number[]): Style {
  const styles = codes.map(colour)
  return (name) => {
    let hash = 0
    for (const sign of name) hash = (hash * 31 + (sign.codePointAt(0) ?? 0)) % 1_000_003
    return (styles[hash % styles.length] ?? plain)(name)
  }
}

/** The first one is the default; NO_COLOR selects `mono`. */
export const themes = {
  dark: {
    nick: byName([91, 92, 93, 94, 95, 96]),
    own: bold,
    mention: style('1;93', '22;39'),
    notice: colour(36),
    wrong: colour(91),
    faint,
  },
  light: {
    nick: byName([31, 32, 34, 35, 36]),
    own: bold,
    mention: style('1;34', '22;39'),
    notice: colour(90),
    wrong: colour(31),
    faint,
  },
  mono: { nick: bold, own: bold, mention: inverse, notice: plain, wrong: bold, faint },
} as const satisfies Readonly<Record<string, Paint>>

export type Theme = keyof typeof themes
export const themeNames = Object.keys(themes) as readonly Theme[]
export const isTheme = (name: string): name is Theme => Object.hasOwn(themes, name)
