import { forTerminal } from '#domain/names/text.ts'
import type { Audience } from '#domain/room/events.ts'
import type { RoomSession } from '#domain/session.ts'
import { cut, LEAST_COLUMNS, signsOf, widthOf } from './cells.ts'
import type { Editor } from './line-editor.ts'
import type { RoomClient } from './room-client.ts'

/** An answer within this time is not shown as waiting. */
const ANSWER_MS = 700
const MOST_TRANSFERS = 6
const MOST_WAITING = 3

/** The rows below the chat: each at most `columns` wide. The cursor is in the last one. */
export interface Frame {
  readonly lines: readonly string[]
  readonly column: number
}

export function frameOf(client: RoomClient, editor: Editor, columns: number): Frame {
  const { words, paint, session, state } = client
  const { say } = words
  const most = Math.max(LEAST_COLUMNS, columns) - 1
  const transfers = client.transfers.lines(most, words, (audience) => othersIn(session, audience))
  const waiting = client.unanswered(ANSWER_MS)
  const writers = client.writers.names()
  const input = inputLine(`<${say('you')}> `, editor, most)
  const status = statusOf(client)
  // Beside what is typed it would only be in the way, and a full row wraps where the terminal becomes narrower: only what is wrong has a line then.
  const gap = most - widthOf(input.text) - widthOf(status)
  const fits = gap >= 2 && editor.text === ''
  const lines = [
    ...transfers.slice(0, MOST_TRANSFERS),
    ...(transfers.length > MOST_TRANSFERS ? [paint.faint(`+${transfers.length - MOST_TRANSFERS}`)] : []),
    ...waiting.slice(0, MOST_WAITING).map((text) => paint.faint(cut(`… ${say('notAnswered', { text })}`, most))),
    ...(waiting.length > MOST_WAITING
      ? [paint.faint(cut(`… ${say('notAnsweredMore', { count: waiting.length - MOST_WAITING })}`, most))]
      : []),
    ...(state.status === 'retrying' && !fits ? [paint.wrong(cut(status, most))] : []),
    ...(writers.length === 0
      ? []
      : [paint.faint(cut(`… ${say('typing', { count: writers.length, names: writers.join(', ') })}`, most))]),
    ...choiceLine(editor, most),
    ...(editor.pasted === undefined
      ? []
      : [paint.notice(cut(`* ${say('pasted', { count: editor.pasted.split('\n').length })}`, most))]),
    fits
      ? `${input.text}${' '.repeat(gap)}${state.status === 'retrying' ? paint.wrong(status) : paint.faint(status)}`
      : input.text,
  ]
  return { lines, column: input.column }
}

/** Who one is, where, and with how many; or that there is no connection. */
function statusOf({ session, state, words: { say } }: RoomClient): string {
  if (state.status === 'retrying') return say('offline', { attempt: state.attempt })
  const { member, members, room } = session
  return `${forTerminal(member.name)} · ${forTerminal(room)} · ${say('hereCount', { count: members.length })}`
}

/** The number of possible receivers. An addressee counts also while they are away. */
function othersIn({ members, member }: RoomSession, audience: Audience | undefined): number {
  if (audience !== undefined && audience.to !== 'staff') return 1
  return members.filter(({ id, role }) => id !== member.id && (audience === undefined || role !== undefined)).length
}

/** The typed line in one row: of a long one the part around the cursor. */
function inputLine(prompt: string, { text, cursor }: Editor, columns: number) {
  const room = columns - widthOf(prompt) - 1
  const before = shown(text.slice(0, cursor))
  const after = shown(text.slice(cursor))
  const signs = signsOf(before)
  let left = ''
  while (signs.length > 0) {
    const sign = signs.pop() ?? ''
    if (widthOf(left) + widthOf(sign) > room) {
      left = `…${signsOf(left).slice(1).join('')}`
      break
    }
    left = sign + left
  }
  const right = cut(after, Math.max(0, room - widthOf(left)))
  return { text: `${prompt}${left}${widthOf(left) < room ? right : ''}`, column: widthOf(prompt) + widthOf(left) }
}

/** The candidates of Tab, with the current one in brackets. */
function choiceLine({ choices }: Editor, columns: number): string[] {
  if (choices === undefined || choices.texts.length < 2) return []
  const names = choices.texts.map((text, index) => {
    const name = forTerminal(text.trim().replace(/:$/, ''))
    return index === choices.index ? `[${name}]` : name
  })
  // The one that is chosen is seen, however many there are.
  const from = names.slice(0, choices.index + 1).join('  ').length > columns - 10 ? choices.index : 0
  return [cut(names.slice(from).join('  '), columns)]
}

/** As it is typed, on one line. */
const shown = (text: string): string => forTerminal(text).replaceAll('\t', '␉')

const STYLES = /\x1b\[[\d;]*m/g

/** The environment variables of such terminals. */
const REFLOWING = ['TMUX', 'VTE_VERSION', 'KITTY_WINDOW_ID', 'WT_SESSION', 'KONSOLE_VERSION', 'ALACRITTY_WINDOW_ID']
/** These programs do not, though the environment of another one around them may still be there. */
const CUTTING = ['STY', 'XTERM_VERSION']

/**
 * Whether a terminal that becomes narrower wraps its rows. No terminal can be asked; an unknown one is taken to cut
 * instead: a piece of the frame that stays is better than a chat line that goes.
 */
export const reflows = (env: NodeJS.ProcessEnv): boolean =>
  REFLOWING.some((name) => env[name]) && !CUTTING.some((name) => env[name])

/**
 * Takes a frame away that a terminal has wrapped at `columns`, and leaves the cursor where the frame's last line would be had it not:
 * Ink takes away as many rows as it has written lines, from there upwards. Nothing is known of a terminal of no columns (C59).
 */
export function takenAway({ lines, column }: Frame, columns: number): string {
  if (columns < 1) return ''
  const input = (lines.at(-1) ?? '').replaceAll(STYLES, '')
  let above = cursorRow(input, column, columns)
  for (const line of lines.slice(0, -1)) above += rowsOf(line.replaceAll(STYLES, ''), columns)
  const down = lines.length - 1
  return `\r${above > 0 ? `\x1b[${above}A` : ''}\x1b[J${down > 0 ? `\x1b[${down}B` : ''}`
}

function rowsOf(line: string, columns: number): number {
  let rows = 1
  let cells = 0
  for (const sign of signsOf(line)) {
    const width = widthOf(sign)
    // A sign of two cells is not parted.
    if (cells + width > columns) {
      rows++
      cells = 0
    }
    cells += width
  }
  return rows
}

/** Below how many rows of its own line the cursor is. At the end of a full row it stays there. */
const cursorRow = (line: string, column: number, columns: number): number => {
  const isAtEnd = column >= widthOf(line)
  return isAtEnd ? rowsOf(line.padEnd(line.length + column - widthOf(line)), columns) - 1 : Math.floor(column / columns)
}
