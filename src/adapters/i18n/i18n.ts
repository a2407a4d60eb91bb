import { english } from './en.ts'
import { indonesianRefusals } from './errors.ts'
import { indonesian } from './id.ts'
import { type Language, type MessageCatalog, type Translator, translator } from './translator.ts'

export { type Language, languages, type Translator } from './translator.ts'

const catalogs: Readonly<Record<Language, MessageCatalog>> = { en: english, id: indonesian }

/** All messages in one language, for programs in Node. `shown` escapes the arguments, as the reader's screen needs it. */
export function translatorFor(
  language: Language,
  shown: (text: string) => string = (text) => text,
  grouped = true,
): Translator {
  const refusals = language === 'id' ? indonesianRefusals : {}
  return translator({ language, messages: catalogs[language], refusals, shown, grouped })
}

/** The language somebody has asked their system for (`LC_ALL`, `LC_MESSAGES`, `LANG`), English where we do not have it. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const asked = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  // `in` was the code of Indonesian until 1989, and some systems still use it.
  return /^(?:id|in)(?:[_.@-]|$)/i.test(asked) ? 'id' : 'en'
}
