import { forTerminal, isNamedIn } from '#domain/names/text.ts'
import type { FileCompleted, Member, MentionedFile, RoomEvent } from '#domain/room/events.ts'
import { fileSizeText, shortId, titleOf } from '#i18n/format.ts'
import { audienceText, eventText, goneText } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { blocksOf, codeSpans } from '#protocol/code-text.ts'
import { INDENT } from './cells.ts'

/** For whom, and how, events are written. */
export interface View {
  readonly words: Translator
  readonly paint: Paint
  readonly me: Member
  /** Whether lines begin with the time. */
  readonly time: boolean
  /** Whether a message of several lines takes several lines. */
  readonly tall: boolean
  /** Whether a file on its way is shown beside the rows: then it is one row, once it is there. */
  readonly live: boolean
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
    case 'fileCompleted':
      if (view.live) return fileBody(event, view, `/get ${shortId(event.file.id)}`)
      return `* ${paint.notice(eventText(event, words))}`
    default:
      return `* ${paint.notice(eventText(event, words))}`
  }
}

/** A file that is in the room, and was saved here by itself. */
export function savedRow(event: FileCompleted, path: string, view: View): string {
  const body = fileBody(event, view, view.words.say('savedAs', { path }))
  return view.time ? `${view.paint.faint(clockText(event.at))} ${body}` : body
}

/** `where`: how it is had. */
function fileBody({ by, file }: FileCompleted, { words, paint }: View, where: string): string {
  const gaps = { name: by.name, file: titleOf(file), for: audienceText(file.audience, words) }
  return `* ${paint.notice(words.say('fileSent', { ...gaps, size: fileSizeText(file, words) }) + goneText(file, words))}  ${paint.faint(where)}`
}

/** Why something is not done: programs, which have no paint, read the code, people the sentence. */
export const refusalRow = (code: string, text: string, paint: Paint): string =>
  paint === unpainted ? `! ${forTerminal(code)} ${text}` : `! ${paint.wrong(text)}`

/** A receipt; shown where the person follows that file. */
export const receiptRow = (file: MentionedFile, by: Member, { words, paint }: View): string =>
  `* ${paint.notice(words.say('verified', { name: by.name, file: file.name }))}`

/** Code stands apart: a span in its colour, a block behind a bar and below the name. */
function textOf(text: string, { tall, paint }: View): string {
  if (!tall) return forTerminal(text)
  const blocks = blocksOf(text.split('\n'))
  const rows = blocks.flatMap(({ type, lines }) =>
    type === 'code' ? lines.map((line) => `${paint.faint('│')} ${tabsKept(line)}`) : lines.map(spansIn(paint)),
  )
  return [...(blocks[0]?.type === 'code' ? [''] : []), ...rows].join(`\n${INDENT}`)
}

const tabsKept = (line: string): string => line.split('\t').map(forTerminal).join('\t')

const spansIn =
  ({ code }: Paint) =>
  (line: string): string =>
    codeSpans(forTerminal(line))
      .map(({ text, isCode }) => (isCode ? code(text.slice(1, -1)) : text))
      .join('')

/** `12:04`, here. */
export function clockText(at: number): string {
  const time = new Date(at)
  const two = (count: number) => String(count).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}`
}

/** How things look; nothing is told by looks alone. */
export interface Paint {
  readonly isColoured: boolean
  nick(name: string): string
  own(name: string): string
  /** A line in which one is named. */
  mention(text: string): string
  notice(text: string): string
  wrong(text: string): string
  faint(text: string): string
  strong(text: string): string
  /** The one thing to do. */
  act(text: string): string
  /** A code span, given without its signs. */
  code(text: string): string
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
const colour = (code: number) => style(`38;5;${code}`, '39')
const boldly = (code: number) => style(`1;38;5;${code}`, '22;39')
const signed: Style = (text) => `\`${text}\``

/** Without any escape sequence. */
export const unpainted: Paint = {
  isColoured: false,
  nick: plain,
  own: plain,
  mention: plain,
  notice: plain,
  wrong: plain,
  faint: plain,
  strong: plain,
  act: plain,
  code: signed,
}

/** One of the colours for each name, always the same. */
function byName(codes: readonly number[]): Style {
  const styles = codes.map(colour)
  return (name) => {
    let hash = 0
    for (const sign of name) hash = (hash * 31 + (sign.codePointAt(0) ?? 0)) % 1_000_003
    return (styles[hash % styles.length] ?? plain)(name)
  }
}

/** Colours of 256 that can be read on black and on white: their contrast is 4.3 or more on both. */
const READABLE = { teal: 30, ochre: 130, red: 131, pink: 163 } as const

/** The first one is the default; NO_COLOR selects `mono`. */
export const themes = {
  colour: {
    isColoured: true,
    nick: byName([28, 30, 63, 98, 130, 131, 132, 163]),
    own: bold,
    mention: boldly(READABLE.pink),
    notice: colour(READABLE.teal),
    wrong: colour(READABLE.red),
    faint,
    strong: bold,
    act: boldly(READABLE.teal),
    code: colour(READABLE.ochre),
  },
  mono: {
    isColoured: false,
    nick: bold,
    own: bold,
    mention: inverse,
    notice: plain,
    wrong: bold,
    faint,
    strong: bold,
    act: bold,
    code: signed,
  },
} as const satisfies Readonly<Record<string, Paint>>

export type Theme = keyof typeof themes
export const themeNames = Object.keys(themes) as readonly Theme[]
export const isTheme = (name: string): name is Theme => Object.hasOwn(themes, name)
