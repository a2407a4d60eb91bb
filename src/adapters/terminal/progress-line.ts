import type { Progress as Moving } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import { amountText, rateTexts } from '#i18n/format.ts'
import type { Translator } from '#i18n/translator.ts'
import { cut, widthOf } from './cells.ts'

/** A transfer on a line. `receipts`: once it is there, and only others are waited for. */
export interface Progress extends Moving {
  readonly receipts?: { readonly verified: number; readonly present: number }
}

const BAR_CELLS = 10
const MOST_NAME_CELLS = 40
const LEAST_NAME_CELLS = 8

/** `See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s   →12/14`, in fewer parts where the terminal is narrow. */
export function progressLine(progress: Progress, columns: number, words: Translator): string {
  const { done, total, phase, receipts } = progress
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total)
  const filled = share === undefined ? undefined : '█'.repeat(Math.floor(share * BAR_CELLS)).padEnd(BAR_CELLS)
  const isThere = receipts !== undefined && done === total
  const parts = {
    phase: phase === 'reading' ? `  ${words.say('reading')}` : '',
    percent: share === undefined ? '' : `  ${String(Math.floor(share * 100)).padStart(2)}%`,
    bar: filled === undefined ? '' : ` |${filled}|`,
    sizes: `  ${amountText(done, total, words.language)}`,
    pace: isThere
      ? ''
      : rateTexts(progress, words)
          .map((word) => `  ${word}`)
          .join(''),
    receipts: receipts === undefined ? '' : `   →${receipts.verified}/${receipts.present}`,
  }
  const room = Math.max(20, columns) - 1
  const name = cut(forTerminal(progress.name), MOST_NAME_CELLS)
  const length = () => Object.values(parts).reduce((cells, part) => cells + widthOf(part), 0)
  // In the order in which one can do without them.
  for (const part of ['bar', 'sizes', 'receipts', 'pace'] as const)
    if (length() + Math.min(widthOf(name), LEAST_NAME_CELLS * 2) > room) parts[part] = ''
  const { phase: what, percent, bar, sizes, pace, receipts: arrow } = parts
  return `${cut(name, Math.max(LEAST_NAME_CELLS, room - length()))}${what}${percent}${bar}${sizes}${pace}${arrow}`
}
