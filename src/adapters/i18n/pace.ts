import { durationText } from './duration.ts'
import type { Translator } from './i18n.ts'
import { sizeText } from './size.ts'

/** How a transfer moves: bytes, milliseconds, bytes a second. `total` undefined: nobody knows it yet. */
export interface Pace {
  readonly done: number
  readonly total: number | undefined
  readonly rate: number
  /** How long nothing has moved. */
  readonly stillMs: number
  /** Retries since something moved. */
  readonly retries: number
}

const STALLED_AFTER_MS = 3000

/** `3.1 MB/s` and `ETA 2s`, or `stalled 12s, retry 3`; nothing where there is nothing to say. */
export function paceWords(
  { done, total, rate, stillMs, retries }: Pace,
  { say, language }: Translator,
): readonly string[] {
  if (stillMs >= STALLED_AFTER_MS || retries > 0) {
    const stalled = say('stalled', { time: `${Math.floor(stillMs / 1000)}s` })
    return [`${stalled}${retries > 0 ? `, ${say('retryNumber', { attempt: retries })}` : ''}`]
  }
  if (rate <= 0) return []
  const left =
    total === undefined || done >= total
      ? []
      : [say('timeLeft', { time: durationText(((total - done) / rate) * 1000) })]
  return [`${sizeText(rate, language)}/s`, ...left]
}
