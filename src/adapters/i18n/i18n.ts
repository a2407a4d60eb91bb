import { english } from './en.ts'
import { indonesianRefusals } from './errors.ts'
import { indonesian } from './id.ts'
import type { Filling, Key, Message, MessageCatalog } from './messages.ts'

export const languages = ['en', 'id'] as const
export type Language = (typeof languages)[number]

/** Says one message of the catalogue; messages without gaps need nothing more. */
export type Say = <Each extends Key>(key: Each, ...gaps: Filling<Each>) => string

const catalogues: Readonly<Record<Language, MessageCatalog>> = { en: english, id: indonesian }

const refusals: Readonly<Record<Language, Readonly<Record<string, string>>>> = { en: {}, id: indonesianRefusals }

/** The messages in one language. */
export interface Translator {
  readonly language: Language
  readonly say: Say
  /** Why something was refused: what the host says, where its code has no words here. */
  refusal(why: { readonly code: string; readonly message: string }): string
}

/** What is filled into a message goes through `shown` first: it may be somebody else's text. */
export function translatorFor(language: Language, shown: (text: string) => string = (text) => text): Translator {
  const catalogue: Readonly<Record<Key, Message>> = catalogues[language]
  const plural = new Intl.PluralRules(language)
  const number = new Intl.NumberFormat(language)
  const say: Say = (key, ...[gaps]) => {
    const given: Readonly<Record<string, string | number>> = gaps ?? {}
    const message = catalogue[key]
    const form = typeof message !== 'string' && plural.select(Number(given['count'])) === 'one' ? 'one' : 'other'
    const text = typeof message === 'string' ? message : message[form]
    return text.replace(/\{(\w+)\}/g, (_, gap: string) => {
      const value = given[gap] ?? ''
      return typeof value === 'number' ? number.format(value) : shown(value)
    })
  }
  const refusal: Translator['refusal'] = ({ code, message }) => {
    const text = Object.hasOwn(refusals[language], code) ? refusals[language][code] : undefined
    return (text ?? '{details}').replace('{details}', () => shown(message))
  }
  return { language, say, refusal }
}

/** The language somebody has asked their system for (`LC_ALL`, `LC_MESSAGES`, `LANG`), English where we do not have it. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const asked = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  // `in` is what Indonesian was called until 1989, and what some systems still call it.
  return /^(?:id|in)(?:[_.@-]|$)/i.test(asked) ? 'id' : 'en'
}
