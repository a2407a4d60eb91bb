import { forTerminal } from '#domain/names/text.ts'
import { indonesianRefusals } from '#i18n/errors.ts'
import { pageEnglish } from '#i18n/page.en.ts'
import { pageIndonesian } from '#i18n/page.id.ts'
import { type Language, type PageTranslator, translator } from '#i18n/translator.ts'

/** The messages of the page in one language; arguments have passed the escaper. */
export const pageTranslator = (language: Language): PageTranslator =>
  translator({
    language,
    messages: language === 'id' ? pageIndonesian : pageEnglish,
    refusals: language === 'id' ? indonesianRefusals : {},
    shown: forTerminal,
    grouped: true,
  })
