import type { Language } from './i18n.ts'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']
const formats = {
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 1 }),
  id: new Intl.NumberFormat('id', { maximumFractionDigits: 1 }),
} as const

/** Bytes in decimal units, for people: `11.5 MB`. */
export function sizeText(bytes: number, language: Language = 'en'): string {
  let unit = 0
  let amount = bytes
  while (amount >= 999.95 && unit < UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  return `${formats[language].format(amount)} ${UNITS[unit]}`
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
  return `${format.format(done / 1000 ** UNITS.indexOf(unit))}/${whole}`
}
