import { forTerminal } from '../../domain/text/terminal.ts'
import { amountText, sizeText } from '../words/size.ts'
import type { Words } from '../words/words.ts'
import { cut, widthOf } from './cells.ts'

/** How far a transfer is. Bytes, milliseconds; bytes a second. */
export interface Progress {
  readonly name: string
  readonly phase: 'reading' | 'moving'
  readonly done: number
  /** Undefined where nobody knows the size yet. */
  readonly total: number | undefined
  readonly rate: number
  /** How long nothing has moved. */
  readonly stillMs: number
  /** Retries since something moved. */
  readonly retries: number
  readonly receipts?: { readonly verified: number; readonly present: number }
}

const BAR_CELLS = 10
const STALLED_AFTER_MS = 3000
const MOST_NAME_CELLS = 40
const LEAST_NAME_CELLS = 8

/** `See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s   →12/14`, in fewer parts where the terminal is narrow. */
export function progressLine(progress: Progress, columns: number, words: Words): string {
  const { done, total, phase, receipts } = progress
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total)
  const filled = share === undefined ? undefined : '█'.repeat(Math.floor(share * BAR_CELLS)).padEnd(BAR_CELLS)
  const parts = {
    phase: phase === 'reading' ? `  ${words.say('reading')}` : '',
    percent: share === undefined ? '' : `  ${String(Math.floor(share * 100)).padStart(2)}%`,
    bar: filled === undefined ? '' : ` |${filled}|`,
    sizes: `  ${amountText(done, total, words.language)}`,
    pace: paceText(progress, words),
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

function paceText({ done, total, rate, stillMs, retries, receipts }: Progress, { say, language }: Words): string {
  // It is there; only the others are waited for.
  if (receipts !== undefined && done === total) return ''
  if (stillMs >= STALLED_AFTER_MS || retries > 0) {
    const stalled = say('stalled', { time: `${Math.floor(stillMs / 1000)}s` })
    return `  ${stalled}${retries > 0 ? `, ${say('retryNumber', { attempt: retries })}` : ''}`
  }
  if (rate <= 0) return ''
  const left = total === undefined || done >= total ? '' : durationText(((total - done) / rate) * 1000)
  return `  ${sizeText(rate, language)}/s${left === '' ? '' : `  ${say('timeLeft', { time: left })}`}`
}

/** `2s`, `1m05s`, `2h03m`; up from. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const two = (count: number) => String(count).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`
}

/** How long something took: `3.7s`, and from a minute on as `durationText`. */
export const tookText = (ms: number): string => (ms < 59_950 ? `${(ms / 1000).toFixed(1)}s` : durationText(ms))
