import { signsOf, widthOf } from './cells.ts'
import type { Frame } from './frame.ts'

const STYLES = /\x1b\[[\d;]*m/g

/** What such terminals tell of themselves. */
const REFLOWING = ['TMUX', 'VTE_VERSION', 'KITTY_WINDOW_ID', 'WT_SESSION', 'KONSOLE_VERSION', 'ALACRITTY_WINDOW_ID']
/** These programs do not, though the environment of another one around them may still be there. */
const CUTTING = ['STY', 'XTERM_VERSION']

/**
 * Whether a terminal that becomes narrower wraps what stands on it. No terminal can be asked; one that is not known is taken to cut
 * instead: a piece of the frame that stays is better than a line of somebody's that goes.
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
