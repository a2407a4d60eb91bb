import { lazily } from '#domain/names/lazily.ts'
import { SIZE_UNITS, sizeText as sizeIn } from '#domain/names/text.ts'
import type { MentionedFile, WholeFile } from '#domain/room/events.ts'
import type { Language, PageTranslator, Translator } from './translator.ts'

const formats = {
  en: lazily(() => new Intl.NumberFormat('en', { maximumFractionDigits: 1 })),
  id: lazily(() => new Intl.NumberFormat('id', { maximumFractionDigits: 1 })),
} as const

/** Bytes in decimal units, for people: `11.5 MB`. */
export const sizeText = (bytes: number, language: Language = 'en'): string => sizeIn(bytes, formats[language]())

/** A file as it is called: a folder ends in a slash. */
export const titleOf = ({ name, folder }: MentionedFile): string => (folder === undefined ? name : `${name}/`)

/** The size of a file, and of a folder with the number of its files: `214 files, 1.2 GB`. */
export function fileSizeText(
  { size, folder }: Pick<WholeFile, 'size' | 'folder'>,
  { say, language }: PageTranslator,
): string {
  if (folder === undefined) return sizeText(size, language)
  return say('folderSize', { count: folder.files, size: sizeText(folder.bytes, language) })
}

/** `8.2/11.5 MB`: both in the unit of the whole. */
export function amountText(done: number, total: number | undefined, language: Language = 'en'): string {
  if (total === undefined || done === total) return sizeText(done, language)
  const whole = sizeText(total, language)
  const [, unit = 'B'] = whole.split(' ')
  const digits = unit === 'B' ? 0 : 1
  const format = new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  })
  return `${format.format(done / 1000 ** SIZE_UNITS.indexOf(unit))}/${whole}`
}

/** How much of an id a person has to read, and to type. */
export const shortId = (id: string): string => id.slice(0, 8)

/** A moment, given in milliseconds since 1970, for people anywhere. */
export const minuteText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** `2s`, `1m05s`, `2h03m`; up from. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const two = (count: number) => String(count).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`
}

const MINUTE_MS = 60_000
const SECONDS = { en: 's', id: 'dtk' } as const

/** The time that is left, in the largest unit that there is more than one and a half of: `52 s`, `54 min`, `3 hr`. */
export function leftText(ms: number, language: Language): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  if (seconds < 90) return `${seconds} ${SECONDS[language]}`
  const minutes = Math.ceil(ms / MINUTE_MS)
  const hours = Math.round(minutes / 60)
  const [unit, count] =
    minutes < 90
      ? (['minute', minutes] as const)
      : hours < 36
        ? (['hour', hours] as const)
        : (['day', Math.round(hours / 24)] as const)
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count)
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** A whole number of seconds in the largest unit that it is a whole number of: `7 days`, `90 minutes`. */
export function spanText(seconds: number, language: Language): string {
  const [unit, of] = SPANS.find(([, of]) => seconds % of === 0) ?? ['second', 1]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / of)
}

/** How long something took: `3.7s`, and from a minute on as `durationText`. */
export const tookText = (ms: number): string => (ms < 59_950 ? `${(ms / 1000).toFixed(1)}s` : durationText(ms))

/** How a transfer moves: bytes, milliseconds, bytes a second. `total` undefined: nobody knows it yet. */
export interface Rate {
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
export function rateTexts(
  { done, total, rate, stillMs, retries }: Rate,
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

const two = (count: number): string => String(count).padStart(2, '0')

/** `2026-11-30 13.05`, by the clock of this machine: no file name has a colon. */
export function fileTimeText(at: number, dot = '.'): string {
  const time = new Date(at)
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}${dot}${two(time.getMinutes())}`
}

/** A path that a host gave, as a link; `base` is where the host is. No `URL`: an address with a zone is none. */
export const linkTo = (base: string, path: string): string => base.replace(/^(https?:\/\/[^/]*).*$/, '$1') + path
